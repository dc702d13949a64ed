//! What buildah is given: a Dockerfile per image, and lists of what is in the package.

use std::path::Path;

use fs_err as fs;

use super::package::Package;
use super::shape::{SERVICES, STUDIO, Service, Shape, TOOL};
use crate::failure::Outcome;

const SCRIPT: &str = include_str!("build.sh");

/// What all services stand on, what changes least first.
const BASE: &str = "FROM localhost/java
COPY tomcat/ /
COPY shared/ /
COPY modules/ /
COPY environments/ /
";

const TOOL_TEXT: &str = "FROM localhost/java
COPY tool/ /ep/tool/
COPY database/ /ep/database/
USER 10001:10001
WORKDIR /ep
ENTRYPOINT [\"/bin/sh\", \"/ep/tool/bin/data-population.sh\", \"--dataDirectory\", \"/ep/data\"]
CMD [\"update-db\"]
";

/// The Dockerfile of a service: its own libraries, then its classes and pages.
fn of_service(service: &Service) -> String {
    format!(
        "FROM localhost/commerce-base
COPY lib/ /
COPY pages/ /
USER 10001:10001
WORKDIR /ep
EXPOSE 8080
LABEL cloudops.health-path=/{}/healthcheck/readiness
ENTRYPOINT [\"/opt/java/bin/java\", \"-Dcatalina.base=/opt/tomcat\", \"-cp\", \
         \"/opt/tomcat/bin/bootstrap.jar:/opt/tomcat/bin/tomcat-juli.jar\", \
         \"org.apache.catalina.startup.Bootstrap\", \"start\"]
",
        service.context
    )
}

/// A line per web application: service, artifact, context, and whether it is of full size.
fn services(shape: Shape) -> String {
    let line = |service: &Service, size: &str| {
        format!("{} {} {} {size}\n", service.name, service.artifact, service.context)
    };
    let of = |(index, service): (usize, &Service)| {
        line(service, if index < shape.services { "large" } else { "small" })
    };
    let mut lines: String = SERVICES.iter().enumerate().map(of).collect();
    lines.push_str(&line(&STUDIO, "small"));
    lines
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("{name}\n")).collect()
}

/// Writes everything into `folder`, with the base image `base` beside it.
pub(super) fn write(folder: &Path, package: &Package, shape: Shape, base: &Path) -> Outcome {
    fs::create_dir_all(folder)?;
    let put = |name: &str, text: &str| -> Outcome { Ok(fs::write(folder.join(name), text)?) };
    put("build.sh", SCRIPT)?;
    put("services.txt", &services(shape))?;
    put("shared.txt", &list(&package.plan.shared))?;
    put("modules.txt", &list(&package.modules))?;
    put("Dockerfile.commerce-base", BASE)?;
    put(&format!("Dockerfile.{TOOL}"), TOOL_TEXT)?;
    for service in &SERVICES {
        put(&format!("Dockerfile.{}", service.name), &of_service(service))?;
    }
    // Buildah takes the path of a layout for a name, in which not every character is allowed.
    std::os::unix::fs::symlink(base, folder.join("base"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_puts_what_changes_most_last() {
        let text = of_service(&SERVICES[2]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["FROM localhost/commerce-base", "COPY lib/ /", "COPY pages/ /"]);
        assert!(text.contains("LABEL cloudops.health-path=/cm/healthcheck/readiness\n"));
        assert!(
            lines.last().unwrap().starts_with("ENTRYPOINT [\"/opt/java/bin/java\", "),
            "{text}"
        );
    }

    #[test]
    fn small_web_applications_are_told_apart() {
        assert_eq!(
            services(Shape { services: 1, ..Shape::FULL }).lines().collect::<Vec<_>>(),
            [
                "cortex ext-cortex-webapp cortex large",
                "search ext-search-webapp search small",
                "cm ext-cm-webapp cm small",
                "integration ext-integration-webapp integration small",
                "batch ext-batch-webapp batch small",
                "data-sync ext-sync-webapp datasync small",
                "cortex ep-rest-studio studio small",
            ]
        );
    }
}
