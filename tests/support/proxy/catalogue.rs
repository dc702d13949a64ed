//! What a region offers: instance types, database versions and classes. The emulator knows none, so
//! that every program would take the region for unfit.

use std::fmt::Write as _;

/// Instance types of the catalogue with their vCPUs: those of our templates and a few around.
const TYPES: [(&str, u32); 8] = [
    ("t4g.nano", 2),
    ("t4g.micro", 2),
    ("t4g.small", 2),
    ("m7i.large", 2),
    ("m7i.xlarge", 4),
    ("m7g.large", 2),
    ("c7i.large", 2),
    ("r7i.large", 2),
];
/// Classes that a database can be ordered with.
const CLASSES: [&str; 4] = ["db.t4g.medium", "db.r6g.large", "db.r6g.xlarge", "db.r7g.large"];
const ZONES: [char; 3] = ['a', 'b', 'c'];

type Form = [(String, String)];

/// The answer to a question about offers; none where it is about something else.
pub(super) fn answer(region: &str, service: &str, operation: &str, form: &Form) -> Option<String> {
    match (service, operation) {
        ("ec2", "DescribeInstanceTypeOfferings") => Some(offerings(region, form)),
        ("ec2", "DescribeInstanceTypes") => Some(types(form)),
        ("rds", "DescribeDBEngineVersions") => Some(versions(form)),
        ("rds", "DescribeOrderableDBInstanceOptions") => Some(options(region, form)),
        _ => None,
    }
}

/// Sentences for those who look at what is not AWS.
pub(super) fn simulated() -> Vec<String> {
    vec![
        "EC2 and RDS offer what a small table of the proxy says: instance types, Aurora MySQL 3, \
          classes."
            .to_owned(),
    ]
}

fn value<'a>(form: &'a Form, key: &str) -> Option<&'a str> {
    form.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// The types that are asked for by name or by filter; without, all.
fn asked(form: &Form) -> Vec<(&'static str, u32)> {
    let filter = form.iter().find(|(name, value)| {
        name.starts_with("Filter.") && name.ends_with(".Name") && value == "instance-type"
    });
    let filter = filter.map(|(name, _)| name.trim_end_matches("Name").to_owned() + "Value.");
    let named = |name: &str| {
        let by_filter = filter.as_ref().is_some_and(|filter| name.starts_with(filter));
        by_filter || name.starts_with("InstanceType.")
    };
    let wanted: Vec<&str> =
        form.iter().filter(|(name, _)| named(name)).map(|(_, value)| value.as_str()).collect();
    let all = TYPES.into_iter();
    all.filter(|(kind, _)| wanted.is_empty() || wanted.contains(kind)).collect()
}

fn offerings(region: &str, form: &Form) -> String {
    let mut items = String::new();
    for (kind, _) in asked(form) {
        for zone in ZONES {
            // Writing to a String cannot fail.
            let _ = write!(
                items,
                "<item><instanceType>{kind}</instanceType>\
                 <locationType>availability-zone</locationType>\
                 <location>{region}{zone}</location></item>"
            );
        }
    }
    format!(
        "<DescribeInstanceTypeOfferingsResponse><instanceTypeOfferingSet>{items}\
         </instanceTypeOfferingSet></DescribeInstanceTypeOfferingsResponse>"
    )
}

fn types(form: &Form) -> String {
    let item = |(kind, vcpus): (&str, u32)| {
        format!(
            "<item><instanceType>{kind}</instanceType><vCpuInfo><defaultVCpus>{vcpus}\
             </defaultVCpus></vCpuInfo></item>"
        )
    };
    let items: String = asked(form).into_iter().map(item).collect();
    format!(
        "<DescribeInstanceTypesResponse><instanceTypeSet>{items}</instanceTypeSet>\
         </DescribeInstanceTypesResponse>"
    )
}

/// Whether Aurora MySQL 3 of some version is asked for.
fn is_known(form: &Form) -> bool {
    let version = value(form, "EngineVersion").unwrap_or_default();
    value(form, "Engine") == Some("aurora-mysql") && version.starts_with("8.0.mysql_aurora.3.")
}

fn versions(form: &Form) -> String {
    let version = value(form, "EngineVersion").unwrap_or_default();
    let one = format!(
        "<DBEngineVersion><Engine>aurora-mysql</Engine><EngineVersion>{version}</EngineVersion>\
         <DBParameterGroupFamily>aurora-mysql8.0</DBParameterGroupFamily></DBEngineVersion>"
    );
    let found = if is_known(form) { one } else { String::new() };
    format!(
        "<DescribeDBEngineVersionsResponse><DescribeDBEngineVersionsResult><DBEngineVersions>\
         {found}</DBEngineVersions></DescribeDBEngineVersionsResult>\
         </DescribeDBEngineVersionsResponse>"
    )
}

fn options(region: &str, form: &Form) -> String {
    let class = value(form, "DBInstanceClass").unwrap_or_default();
    let zone =
        |zone: char| format!("<AvailabilityZone><Name>{region}{zone}</Name></AvailabilityZone>");
    let zones: String = ZONES.into_iter().map(zone).collect();
    let one = format!(
        "<OrderableDBInstanceOption><Engine>aurora-mysql</Engine>\
         <DBInstanceClass>{class}</DBInstanceClass><AvailabilityZones>{zones}</AvailabilityZones>\
         </OrderableDBInstanceOption>"
    );
    let found = if is_known(form) && CLASSES.contains(&class) { one } else { String::new() };
    format!(
        "<DescribeOrderableDBInstanceOptionsResponse><DescribeOrderableDBInstanceOptionsResult>\
         <OrderableDBInstanceOptions>{found}</OrderableDBInstanceOptions>\
         </DescribeOrderableDBInstanceOptionsResult></DescribeOrderableDBInstanceOptionsResponse>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_for(service: &str, operation: &str, form: &[(&str, &str)]) -> String {
        let form: Vec<(String, String)> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        answer("us-west-2", service, operation, &form).unwrap()
    }

    #[test]
    fn types_are_offered_by_name_and_filter() {
        let filter = [
            ("Filter.1.Name", "instance-type"),
            ("Filter.1.Value.1", "t4g.nano"),
            ("Filter.1.Value.2", "x9.huge"),
        ];
        let offers = asked_for("ec2", "DescribeInstanceTypeOfferings", &filter);
        assert_eq!(offers.matches("<instanceType>t4g.nano<").count(), 3);
        assert!(offers.contains("us-west-2b") && !offers.contains("x9.huge"), "{offers}");
        let types = asked_for("ec2", "DescribeInstanceTypes", &[("InstanceType.1", "m7i.xlarge")]);
        assert!(types.contains("<defaultVCpus>4<"), "{types}");
        assert_eq!(answer("us-west-2", "ec2", "DescribeVpcs", &[]), None);
    }

    #[test]
    fn only_databases_that_there_are_can_be_ordered() {
        let with = |version: &'static str, class: &'static str| {
            [("Engine", "aurora-mysql"), ("EngineVersion", version), ("DBInstanceClass", class)]
        };
        let (good, bad) = ("8.0.mysql_aurora.3.10.3", "5.7.mysql_aurora.2.11.1");
        for (version, class, expect) in [
            (good, "db.r6g.large", true),
            (good, "db.x9.huge", false),
            (bad, "db.r6g.large", false),
        ] {
            let found =
                asked_for("rds", "DescribeOrderableDBInstanceOptions", &with(version, class));
            assert_eq!(found.contains("us-west-2a"), expect, "{version} {class}");
        }
        let found = asked_for("rds", "DescribeDBEngineVersions", &with(bad, ""));
        assert!(!found.contains("<DBEngineVersion>"), "{found}");
    }
}
