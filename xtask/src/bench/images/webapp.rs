//! The files of a made-up web application beside its third-party jars, and the suite's own jars.

use super::content::{class, page};
use super::shape::{CHANGED, Service};

/// Files of a web application in `WEB-INF/classes`, and pages. A suite keeps most of its code in
/// jars: together they are about a megabyte.
const CLASSES: usize = 160;
const PAGES: usize = 60;
/// Jars of the suite itself, in every large web application, new with each release.
const MODULES: [&str; 12] = [
    "ep-base",
    "ep-catalog",
    "ep-cart",
    "ep-core",
    "ep-domain",
    "ep-orders",
    "ep-pricing",
    "ep-settings",
    "ep-tax",
    "ext-core",
    "ext-domain",
    "ext-search-client",
];
const CLASSES_OF_A_MODULE: usize = 120;

/// A file by its path.
pub(super) type File = (String, Vec<u8>);

/// Classes and pages of a web application of full size. With `changed`, one class of the service
/// [`CHANGED`] is another one.
pub(super) fn files(service: Service, changed: bool) -> Vec<File> {
    let context = service.context;
    let class_file = |number: usize| {
        let path = format!("WEB-INF/classes/com/example/{context}/Action{number:04}.class");
        let rebuilt = changed && service.name == CHANGED && number == CLASSES / 2;
        let seed = if rebuilt { format!("{path} rebuilt") } else { path.clone() };
        (path, class(&seed, 2000 + number % 7 * 700))
    };
    let page_file = |number: usize| {
        let path = format!("pages/{context}/page{number:03}.html");
        let text = page(&path, 4000 + number % 5 * 1500);
        (path, text)
    };
    let descriptor = ("WEB-INF/web.xml".to_owned(), descriptor(context));
    let pages = (0..PAGES).map(page_file);
    std::iter::once(descriptor).chain((0..CLASSES).map(class_file)).chain(pages).collect()
}

/// What a web application has that is there only because the topology names it.
pub(super) fn small(service: Service) -> Vec<File> {
    let path = format!("pages/{}/index.html", service.context);
    let text = page(&path, 3000);
    vec![("WEB-INF/web.xml".to_owned(), descriptor(service.context)), (path, text)]
}

/// Names of the suite's own jars and the classes in each.
pub(super) fn modules(version: &str) -> Vec<(String, Vec<File>)> {
    let module = |name: &&str| (format!("{name}-{version}.jar"), module_files(name, version));
    MODULES.iter().map(module).collect()
}

fn module_files(name: &str, version: &str) -> Vec<File> {
    let class_file = |number: usize| {
        let path = format!("com/example/{}/Part{number:04}.class", name.replace('-', "/"));
        let bytes = class(&path, 1500 + number % 9 * 600);
        (path, bytes)
    };
    let properties = format!("groupId=com.example\nartifactId={name}\nversion={version}\n");
    let manifest = format!("Manifest-Version: 1.0\r\nImplementation-Version: {version}\r\n\r\n");
    let mut files = vec![
        ("META-INF/MANIFEST.MF".to_owned(), manifest.into_bytes()),
        (format!("META-INF/maven/com.example/{name}/pom.properties"), properties.into_bytes()),
    ];
    files.extend((0..CLASSES_OF_A_MODULE).map(class_file));
    files
}

fn descriptor(context: &str) -> Vec<u8> {
    format!("<web-app version=\"4.0\"><display-name>{context}</display-name></web-app>\n").into()
}

#[cfg(test)]
mod tests {
    use super::super::shape::SERVICES;
    use super::*;

    #[test]
    fn a_rebuilt_package_differs_in_one_file_of_one_service() {
        let different = |service: &Service| {
            let pairs = files(*service, false).into_iter().zip(files(*service, true));
            pairs.filter(|(before, after)| before != after).map(|(_, after)| after.0).collect()
        };
        let different: Vec<String> =
            SERVICES.iter().flat_map(|service| -> Vec<String> { different(service) }).collect();
        assert_eq!(different, ["WEB-INF/classes/com/example/cm/Action0080.class"]);
    }

    #[test]
    fn modules_carry_their_coordinates() {
        let modules = modules("1.2");
        let (name, files) = &modules[0];
        assert_eq!(name, "ep-base-1.2.jar");
        assert_eq!(files[1].0, "META-INF/maven/com.example/ep-base/pom.properties");
    }
}
