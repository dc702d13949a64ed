//! Groups of EC2 instances.

use super::{
    estimate::{Context, Line, Monthly, Resource, counted, required},
    evaluate::Evaluated,
};

/// What one instance of a group is.
struct Host {
    instance_type: String,
    /// Its name in the price table.
    price: String,
    gigabytes: f64,
    has_public_address: bool,
}

pub(super) fn group(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    match lines(context, resource, properties) {
        Ok(lines) => lines,
        Err(why) => vec![resource.unknown("group of hosts", why)],
    }
}

fn lines(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Result<Vec<Line>, String> {
    let host = host(context, properties)?;
    let least = properties.get("MinSize").number()?.ok_or("MinSize is not set")?;
    let count = properties.get("DesiredCapacity").number()?.unwrap_or(least);
    let most = properties.get("MaxSize").number()?.unwrap_or(count);
    let more = match context.sum(resource, "", &host.parts(1.0)).monthly {
        Monthly::Usd(each) => format!("up to {most} of them, each {each} a month"),
        _ => format!("up to {most} of them"),
    };
    if count == 0.0 {
        let what = format!("hosts {}", host.instance_type);
        let why = format!("they start as tasks need them, {more}");
        return Ok(vec![resource.unknown(what, why)]);
    }
    let line = context.sum(resource, host.words(count), &host.parts(count));
    Ok(vec![if most > count { line.assuming(more) } else { line }])
}

fn host(context: &Context<'_>, properties: &Evaluated) -> Result<Host, String> {
    let template = properties.get("LaunchTemplate").get("LaunchTemplateId");
    let Some(template) = template.resource() else {
        return Err("its launch template is not in the same template".to_owned());
    };
    let launch = context.evaluator.properties(template);
    let launch = launch.get("LaunchTemplateData");
    let interface = launch.get("NetworkInterfaces").at(0).get("AssociatePublicIpAddress");
    let instance_type = required(launch.get("InstanceType"), "InstanceType")?;
    Ok(Host {
        price: format!("ec2:{instance_type}"),
        instance_type,
        gigabytes: gigabytes(launch.get("BlockDeviceMappings"))?,
        has_public_address: interface.text()?.is_some() && interface.is_true(),
    })
}

/// Size of all disks.
fn gigabytes(mappings: &Evaluated) -> Result<f64, String> {
    let mut sum = 0.0;
    for index in 0..mappings.count()? {
        let disk = mappings.at(index).get("Ebs");
        match disk.get("VolumeType").text()? {
            Some("gp3") => {
                sum += disk.get("VolumeSize").number()?.ok_or("VolumeSize is not set")?
            }
            other => {
                let name = other.unwrap_or("without a name");
                return Err(format!("no price is known for disks of type {name}"));
            }
        }
    }
    Ok(sum)
}

impl Host {
    fn words(&self, count: f64) -> String {
        let disk = match self.gigabytes {
            0.0 => String::new(),
            gigabytes => format!(", {gigabytes} GB disk each"),
        };
        format!("{}{disk}", counted(count, &format!("{} host", self.instance_type)))
    }

    fn parts(&self, count: f64) -> Vec<(&str, f64)> {
        let mut parts = vec![(self.price.as_str(), count), ("ebs-gp3-gb", self.gigabytes * count)];
        if self.has_public_address {
            parts.push(("public-ipv4", count));
        }
        parts
    }
}
