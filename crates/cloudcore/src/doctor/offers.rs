//! Instance types and database engines in the zones that would be used.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::config_file::CloudOpsConfig;

use super::{
    Check, Finding,
    needs::{Needs, values},
};

/// A database that an environment would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Name, such as `aurora-mysql`.
    pub engine: String,
    /// Version.
    pub version: String,
    /// Class of its instances.
    pub class: String,
}

/// The database of a first environment.
#[must_use]
pub fn engine(needs: &Needs) -> Option<Engine> {
    let first = |kind: &str, property: &str| {
        values(&needs.environment, kind, property).first().map(|value| (*value).to_owned())
    };
    Some(Engine {
        engine: first("AWS::RDS::DBCluster", "Engine")?,
        version: first("AWS::RDS::DBCluster", "EngineVersion")?,
        class: first("AWS::RDS::DBInstance", "DBInstanceClass")?,
    })
}

/// The zones that would be used: the first ones of the region, as CloudFormation chooses.
#[must_use]
pub fn zones(config: &CloudOpsConfig, available: &[String]) -> Vec<String> {
    available.iter().take(usize::from(config.network.zones)).cloned().collect()
}

/// Judges the number of zones.
#[must_use]
pub fn enough_zones(config: &CloudOpsConfig, available: &[String]) -> Finding {
    let (wanted, found) = (usize::from(config.network.zones), available.len());
    if found >= wanted {
        let names = zones(config, available).join(", ");
        return Finding::ok(Check::Offers, format!("zones: {names}"));
    }
    Finding::problem(
        Check::Offers,
        format!("{} has {found} zones that can be used now, {wanted} are wanted", config.region),
        format!("Set `network.zones` in cloudops.yaml to at most {found}, or take another region."),
    )
}

/// Judges where something is offered. `setting` is how to choose another one.
#[must_use]
pub fn offered(what: &str, zones: &[String], offered: &BTreeSet<String>, setting: &str) -> Finding {
    let lacking: Vec<&str> =
        zones.iter().filter(|zone| !offered.contains(*zone)).map(String::as_str).collect();
    if lacking.is_empty() {
        return Finding::ok(Check::Offers, format!("{what} is offered in all chosen zones"));
    }
    if lacking.len() == zones.len() {
        let what = format!("{what} is offered in none of the chosen zones ({})", zones.join(", "));
        return Finding::problem(Check::Offers, what, setting);
    }
    let what = format!("{what} is not offered in {}", lacking.join(", "));
    Finding::warning(
        Check::Offers,
        what,
        format!("{setting} Else it runs in the other zones only."),
    )
}

/// Judges the types of hosts.
#[must_use]
pub fn host_types(
    config: &CloudOpsConfig,
    types: &[&str],
    zones: &[String],
    found: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<Finding> {
    let nowhere = BTreeSet::new();
    let one = |kind: &&str| {
        let setting = if **kind == config.bastion.instance_type {
            "Set `bastion.instance-type` in cloudops.yaml to an Arm type that is offered."
        } else if config.runs_consul() {
            "Take another region, or do without such hosts: `environments.launch-type: fargate` and \
             `configuration.backend: parameter-store` in cloudops.yaml."
        } else {
            "Take another region, or `environments.launch-type: fargate` in cloudops.yaml."
        };
        offered(
            &format!("instance type {kind}"),
            zones,
            found.get(*kind).unwrap_or(&nowhere),
            setting,
        )
    };
    types.iter().map(one).collect()
}

/// Judges the database: whether the version exists at all, and where its instances can be had.
#[must_use]
pub fn database(
    config: &CloudOpsConfig,
    engine: &Engine,
    has_version: bool,
    zones: &[String],
    orderable: &BTreeSet<String>,
) -> Finding {
    let Engine { engine, version, class } = engine;
    if !has_version {
        return Finding::problem(
            Check::Offers,
            format!("{engine} {version} is not offered in {}", config.region),
            "Take another region, or a version of these tools with a newer database.",
        );
    }
    let what = format!("{engine} {version} on {class}");
    offered(&what, zones, orderable, "Take another region.")
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Verdict,
            tests::{config, short},
        },
        *,
    };

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn set(zones: &[&str]) -> BTreeSet<String> {
        names(zones).into_iter().collect()
    }

    #[test]
    fn the_database_comes_from_the_template() {
        let found = engine(&Needs::new(&config(""), &[]).unwrap()).unwrap();
        assert_eq!((found.engine.as_str(), found.class.as_str()), ("aurora-mysql", "db.r6g.large"));
        assert!(found.version.starts_with("8.0.mysql_aurora.3."), "{}", found.version);
    }

    #[test]
    fn there_must_be_as_many_zones_as_wanted() {
        let available = names(&["a", "b", "c"]);
        assert_eq!(zones(&config(""), &available), ["a", "b"]);
        assert_eq!(enough_zones(&config(""), &available).verdict, Verdict::Ok);
        let three = config("network: {zones: 3}\n");
        insta::assert_snapshot!(short(&[enough_zones(&three, &available[..2])]), @r"Problem: us-west-2 has 2 zones that can be used now, 3 are wanted -> Set `network.zones` in cloudops.yaml to at most 2, or take another region.");
    }

    #[test]
    fn types_are_offered_everywhere_somewhere_or_nowhere() {
        let found =
            [("t4g.nano".to_owned(), set(&["a", "b", "c"])), ("m7i.large".to_owned(), set(&["b"]))];
        let types = ["t4g.nano", "m7i.large", "x9.huge"];
        let findings = host_types(&config(""), &types, &names(&["a", "b"]), &found.into());
        insta::assert_snapshot!(short(&findings), @r"
        Ok: instance type t4g.nano is offered in all chosen zones
        Warning: instance type m7i.large is not offered in a -> Take another region, or `environments.launch-type: fargate` in cloudops.yaml. Else it runs in the other zones only.
        Problem: instance type x9.huge is offered in none of the chosen zones (a, b) -> Take another region, or `environments.launch-type: fargate` in cloudops.yaml.
        ");
    }

    #[test]
    fn a_database_needs_its_version_and_its_class() {
        let engine = Engine {
            engine: "aurora-mysql".to_owned(),
            version: "8.0.mysql_aurora.3.10.3".to_owned(),
            class: "db.r6g.large".to_owned(),
        };
        let check = |has_version: bool, orderable: &[&str]| {
            database(&config(""), &engine, has_version, &names(&["a", "b"]), &set(orderable))
        };
        let all =
            [check(true, &["a", "b"]), check(true, &["a"]), check(true, &[]), check(false, &[])];
        insta::assert_snapshot!(short(&all), @r"
        Ok: aurora-mysql 8.0.mysql_aurora.3.10.3 on db.r6g.large is offered in all chosen zones
        Warning: aurora-mysql 8.0.mysql_aurora.3.10.3 on db.r6g.large is not offered in b -> Take another region. Else it runs in the other zones only.
        Problem: aurora-mysql 8.0.mysql_aurora.3.10.3 on db.r6g.large is offered in none of the chosen zones (a, b) -> Take another region.
        Problem: aurora-mysql 8.0.mysql_aurora.3.10.3 is not offered in us-west-2 -> Take another region, or a version of these tools with a newer database.
        ");
    }
}
