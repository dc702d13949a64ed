//! From a deployment package to images: which file goes into which layer.
//!
//! Layers are ordered by how often their files change, so that a release uploads only what is
//! new: Tomcat · libraries that all web applications share · the service's own libraries · its
//! classes and pages with the environment folders. A library is shared when every web application
//! of the package carries a file of that name with the same content; the shared folder is joined
//! to each application by its Tomcat context, so that the layer is the same one in every image.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
};

use cloudops_aws::{
    diagnose::{Class, Diagnose},
    ids::Digest,
    oci::{Base, Image, ImageSpec, Layer, LayerBuilder, OciError},
    package::{Archive, Limits, Package, PackageError},
};

use crate::topology::{Service, Tool, Topology};

/// User and group that containers run as.
pub const USER: u32 = 10001;

const TOMCAT: &str = "/opt/tomcat";
const LIBRARIES: &str = "WEB-INF/lib/";

/// Why images cannot be made from a package.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The package cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A layer cannot be written.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// The package lacks something that the topology names.
    #[error("{package} has no {what}, which {user} of the topology needs")]
    Missing {
        /// The package.
        package: String,
        /// What is missing.
        what: String,
        /// Who needs it.
        user: String,
    },
}

impl Diagnose for ImageError {
    fn class(&self) -> Class {
        match self {
            Self::Package(error) => error.class(),
            Self::Oci(error) => error.class(),
            Self::Missing { .. } => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Package(error) => error.hints(),
            Self::Oci(error) => error.hints(),
            Self::Missing { .. } => vec!["Build the package with all of its parts.".to_owned()],
        }
    }
}

/// Files of a web application, by their path in it.
type Files = BTreeMap<String, Vec<u8>>;

/// What all images of a package are made from.
struct Parts {
    tomcat: Layer,
    shared: Option<Layer>,
    /// Names of the shared libraries.
    shared_names: BTreeSet<String>,
    webapps: BTreeMap<String, Files>,
    environments: Files,
}

/// Makes the images of all services and tools of a topology, by image name.
///
/// # Errors
/// [`ImageError`] names what the package lacks.
pub fn assemble(
    package: &Package,
    topology: &Topology,
    base: &Base,
) -> Result<BTreeMap<String, Image>, ImageError> {
    let parts = parts(package)?;
    let mut images = BTreeMap::new();
    for (name, service) in &topology.services {
        images.insert(name.clone(), service_image(package, base, &parts, name, service)?);
    }
    for (name, tool) in &topology.tools {
        images.insert(name.clone(), tool_image(package, base, &parts, name, tool)?);
    }
    Ok(images)
}

fn parts(package: &Package) -> Result<Parts, ImageError> {
    let mut archive = package.archive()?;
    let mut webapps = BTreeMap::new();
    for webapp in package.webapps() {
        let files = unzip(&webapp.entry, archive.read(&webapp.entry)?)?;
        webapps.insert(webapp.artifact.clone(), files);
    }
    let shared = shared_libraries(&webapps);
    let mut builder = LayerBuilder::new();
    for (name, data) in &shared {
        builder.file(&format!("/ep/lib/shared/{name}"), data.clone(), false);
    }
    let shared_names = shared.into_keys().collect();
    let shared = if builder.is_empty() { None } else { Some(builder.finish("shared libraries")?) };
    Ok(Parts {
        tomcat: tomcat_layer(package.tomcat(), archive.read(package.tomcat())?)?,
        shared,
        shared_names,
        webapps,
        environments: environments(package, &mut archive)?,
    })
}

fn unzip(name: &str, bytes: Vec<u8>) -> Result<Files, PackageError> {
    let mut archive = Archive::open(name, Cursor::new(bytes), Limits::default())?;
    let names = archive.names();
    names.into_iter().map(|entry| Ok((entry.clone(), archive.read(&entry)?))).collect()
}

/// Libraries that every web application carries with the same content, by file name.
fn shared_libraries(webapps: &BTreeMap<String, Files>) -> Files {
    let libraries = |files: &Files| -> BTreeMap<String, Digest> {
        let jars = files.iter().filter_map(|(path, data)| {
            Some((path.strip_prefix(LIBRARIES)?.to_owned(), Digest::of(data)))
        });
        jars.collect()
    };
    let mut all = webapps.values();
    let Some(first) = all.next() else {
        return Files::new();
    };
    let mut shared = libraries(first);
    for files in all {
        let other = libraries(files);
        shared.retain(|name, digest| other.get(name) == Some(digest));
    }
    let data =
        |name: String| Some((name.clone(), first.get(&format!("{LIBRARIES}{name}"))?.clone()));
    shared.into_keys().filter_map(data).collect()
}

/// Tomcat without the folder it is packed in, and the folders that it writes to.
fn tomcat_layer(name: &str, zip: Vec<u8>) -> Result<Layer, ImageError> {
    let mut builder = LayerBuilder::new();
    for (path, data) in unzip(name, zip)? {
        let Some((_, inner)) = path.split_once('/') else {
            continue;
        };
        builder.file(&format!("{TOMCAT}/{inner}"), data, inner.ends_with(".sh"));
    }
    for folder in ["work", "temp", "logs"] {
        builder.writable_folder(&format!("{TOMCAT}/{folder}"));
    }
    Ok(builder.finish("Tomcat")?)
}

/// The environment folders, from the jar that carries them.
fn environments(
    package: &Package,
    archive: &mut Archive<impl std::io::Read + std::io::Seek>,
) -> Result<Files, ImageError> {
    let mut found = Files::new();
    let is_jar = |name: &&String| name.starts_with("database/") && name.ends_with(".jar");
    for jar in package.entries().iter().filter(is_jar) {
        let files = unzip(jar, archive.read(jar)?)?;
        found.extend(files.into_iter().filter(|(path, _)| path.starts_with("environments/")));
    }
    Ok(found)
}

fn service_image(
    package: &Package,
    base: &Base,
    parts: &Parts,
    name: &str,
    service: &Service,
) -> Result<Image, ImageError> {
    let (mut libraries, mut pages) = (LayerBuilder::new(), LayerBuilder::new());
    for (artifact, context) in &service.webapps {
        let files = parts.webapps.get(artifact).ok_or_else(|| ImageError::Missing {
            package: package.path().to_string(),
            what: format!("webapps/{artifact}-<version>.war"),
            user: name.to_owned(),
        })?;
        // A context file of ours would hide one that the application brings along.
        let joins = !files.contains_key("META-INF/context.xml");
        for (path, data) in files {
            let library = path.strip_prefix(LIBRARIES);
            if joins && library.is_some_and(|jar| parts.shared_names.contains(jar)) {
                continue;
            }
            let target = format!("{TOMCAT}/webapps/{context}/{path}");
            let layer = if library.is_some() { &mut libraries } else { &mut pages };
            layer.file(&target, data.clone(), false);
        }
        pages.file(&format!("{TOMCAT}/conf/Catalina/localhost/{context}.xml"), CONTEXT, false);
    }
    add_environments(&mut pages, parts);
    pages.file("/ep/bin/start", START, true);
    let mut layers = vec![parts.tomcat.clone()];
    layers.extend(parts.shared.clone());
    if !libraries.is_empty() {
        layers.push(libraries.finish("libraries")?);
    }
    layers.push(pages.finish("classes, pages and environment folders")?);
    let mut spec = spec(package, name);
    spec.entrypoint = vec!["/bin/sh".to_owned(), "/ep/bin/start".to_owned()];
    spec.port = Some(8080);
    spec.labels.insert("cloudops.health-path".to_owned(), service.health.clone());
    Ok(Image::new(base, &layers, &spec))
}

fn tool_image(
    package: &Package,
    base: &Base,
    parts: &Parts,
    name: &str,
    tool: &Tool,
) -> Result<Image, ImageError> {
    let is_tool = |entry: &&String| {
        let rest = entry.strip_prefix("tools/").and_then(|rest| rest.strip_prefix(&tool.artifact));
        rest.is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".zip"))
    };
    let entry = package.entries().iter().find(is_tool).ok_or_else(|| ImageError::Missing {
        package: package.path().to_string(),
        what: format!("tools/{}-<version>.zip", tool.artifact),
        user: name.to_owned(),
    })?;
    let mut archive = package.archive()?;
    let mut program = LayerBuilder::new();
    let script = format!("/{}", tool.script);
    let mut start = None;
    for (path, data) in unzip(entry, archive.read(entry)?)? {
        if format!("/{path}").ends_with(&script) {
            start = Some(format!("/ep/tool/{path}"));
        }
        program.file(&format!("/ep/tool/{path}"), data, path.ends_with(".sh"));
    }
    let start = start.ok_or_else(|| ImageError::Missing {
        package: entry.clone(),
        what: tool.script.clone(),
        user: name.to_owned(),
    })?;
    let mut data = LayerBuilder::new();
    for jar in package.entries().iter().filter(|name| name.starts_with("database/")) {
        let file = jar.rsplit('/').next().unwrap_or(jar);
        data.file(&format!("/ep/database/{file}"), archive.read(jar)?, false);
    }
    add_environments(&mut data, parts);
    data.writable_folder("/ep/data");
    let layers = [program.finish("tool")?, data.finish("database changes")?];
    let mut spec = spec(package, name);
    spec.entrypoint = ["/bin/sh", &start, "--dataDirectory", "/ep/data"].map(str::to_owned).into();
    spec.command = vec!["update-db".to_owned()];
    Ok(Image::new(base, &layers, &spec))
}

fn add_environments(layer: &mut LayerBuilder, parts: &Parts) {
    for (path, data) in &parts.environments {
        layer.file(&format!("/ep/{path}"), data.clone(), false);
    }
}

/// What is the same for every image. The package's digest stands in the release, not here: a new
/// package must not give a new digest to an image whose content is the same.
fn spec(package: &Package, name: &str) -> ImageSpec {
    let mut spec = ImageSpec {
        user: format!("{USER}:{USER}"),
        working_directory: "/ep".to_owned(),
        ..ImageSpec::default()
    };
    let version = package.webapps().first().map_or("", |webapp| webapp.version.as_str());
    let annotations =
        [("org.opencontainers.image.title", name), ("org.opencontainers.image.version", version)];
    spec.annotations =
        annotations.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    spec
}

/// Joins the shared libraries to a web application.
const CONTEXT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Context>
  <Resources>
    <PostResources className="org.apache.catalina.webresources.DirResourceSet"
                   base="/ep/lib/shared" webAppMount="/WEB-INF/lib" readOnly="true"/>
  </Resources>
</Context>
"#;

/// Starts Tomcat in the foreground, so that the stop signal reaches the JVM.
const START: &str = include_str!("start.sh");

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_library_is_shared_when_all_carry_it_with_the_same_content() {
        let webapps = BTreeMap::from([
            (
                "a".to_owned(),
                files(&[
                    ("WEB-INF/lib/x.jar", "1"),
                    ("WEB-INF/lib/y.jar", "1"),
                    ("WEB-INF/lib/z.jar", "1"),
                ]),
            ),
            ("b".to_owned(), files(&[("WEB-INF/lib/x.jar", "1"), ("WEB-INF/lib/y.jar", "2")])),
        ]);
        assert_eq!(shared_libraries(&webapps).into_keys().collect::<Vec<_>>(), ["x.jar"]);
    }
}
