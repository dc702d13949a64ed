//! Container services.

use super::{
    estimate::{Context, Line, Monthly, Resource, counted, required},
    evaluate::Evaluated,
};

/// Gigabytes of disk that a task on Fargate has without paying for them.
const FREE_DISK: f64 = 20.0;

/// Where the tasks of a service run.
enum Launch {
    /// On hosts of AWS.
    Fargate,
    /// On hosts that are paid for as such.
    Hosts,
}

/// Size of a task on Fargate.
struct Size {
    cores: f64,
    gigabytes: f64,
    is_arm: bool,
}

pub(super) fn service(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    match line(context, resource, properties) {
        Ok(line) => line.into_iter().collect(),
        Err(why) => vec![resource.unknown("container service", why)],
    }
}

fn line(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Result<Option<Line>, String> {
    match launch(properties)? {
        Launch::Hosts => return Ok(None),
        Launch::Fargate => {}
    }
    let size = size(context, properties)?;
    let count = properties.get("DesiredCount").number();
    let each = context.sum(resource, "", &size.parts(1.0)).monthly;
    let why = match count {
        Ok(Some(count)) => {
            let what = format!("{}, {}", counted(count, "task"), size.words());
            return Ok(Some(context.sum(resource, what, &size.parts(count))));
        }
        Ok(None) => "the template leaves the number of tasks as it is".to_owned(),
        Err(why) => format!("the number of tasks is not known: {why}"),
    };
    let why = match each {
        Monthly::Usd(each) => format!("{why}; each costs {each} a month"),
        _ => why,
    };
    Ok(Some(resource.unknown(format!("tasks, {}", size.words()), why)))
}

fn launch(properties: &Evaluated) -> Result<Launch, String> {
    let strategy = properties.get("CapacityProviderStrategy");
    let name = match strategy.count()? {
        0 => properties.get("LaunchType").text()?,
        1 => strategy.at(0).get("CapacityProvider").text()?,
        _ => return Err("it runs on several capacity providers".to_owned()),
    };
    match name {
        Some("FARGATE") => Ok(Launch::Fargate),
        Some("FARGATE_SPOT") => Err("the price of Fargate Spot follows the market".to_owned()),
        // A provider of our own cannot have a name that begins with FARGATE.
        Some(_) => Ok(Launch::Hosts),
        None => Err("the cluster says where it runs".to_owned()),
    }
}

fn size(context: &Context<'_>, properties: &Evaluated) -> Result<Size, String> {
    let Some(definition) = properties.get("TaskDefinition").resource() else {
        return Err("its task definition is not in the same template".to_owned());
    };
    let definition = context.evaluator.properties(definition);
    let number = |key: &str| -> Result<f64, String> {
        definition.get(key).number()?.ok_or_else(|| format!("{key} is not set"))
    };
    let platform = definition.get("RuntimePlatform");
    let system = platform.get("OperatingSystemFamily").text()?.unwrap_or("LINUX");
    if system != "LINUX" {
        return Err(format!("no price is known for tasks on {system}"));
    }
    let disk = definition.get("EphemeralStorage").get("SizeInGiB").number()?;
    if disk.is_some_and(|disk| disk > FREE_DISK) {
        return Err("no price is known for tasks with more disk".to_owned());
    }
    let is_arm = match platform.get("CpuArchitecture") {
        Evaluated::Absent => false,
        architecture => required(architecture, "CpuArchitecture")? == "ARM64",
    };
    Ok(Size { cores: number("Cpu")? / 1024.0, gigabytes: number("Memory")? / 1024.0, is_arm })
}

impl Size {
    fn words(&self) -> String {
        let chip = if self.is_arm { " on Arm" } else { "" };
        format!("{} vCPU and {} GB each{chip}", self.cores, self.gigabytes)
    }

    fn parts(&self, count: f64) -> [(&'static str, f64); 2] {
        let (cores, gigabytes) = (self.cores * count, self.gigabytes * count);
        match self.is_arm {
            true => [("fargate-arm-vcpu", cores), ("fargate-arm-gb", gigabytes)],
            false => [("fargate-x86-vcpu", cores), ("fargate-x86-gb", gigabytes)],
        }
    }
}
