//! What all images of a package are made from, and which file goes into which layer.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use cloudops_aws::{
    ids::Digest,
    oci::{ImageSpec, LayerBuilder},
    package::{Package, PackageError},
};

use super::{
    CONTEXT_END, CONTEXT_START, Draft, ENVIRONMENT, ImageError, Plans, START, START_TOOL, TOMCAT,
    cache::Cache,
    sharing::{self, Group, Kind},
    sources::{LIBRARIES, Source},
    spec,
};
use crate::topology::{Service, Tool, Topology};

/// Where the folders of shared libraries are.
const SHARED: &str = "/ep/lib";

/// What all images of a package are made from.
pub(super) struct Parts<'a> {
    package: &'a Package,
    /// What tells its content from any other.
    content: Digest,
    /// The package itself.
    whole: Arc<Source>,
    archives: BTreeMap<String, Arc<Source>>,
    /// Web applications by artifact id.
    webapps: BTreeMap<String, Arc<Source>>,
    groups: Vec<Group>,
    /// Files of the environment folders by their path, with the archive that has them.
    environments: BTreeMap<String, Arc<Source>>,
}

/// Layers of the web applications of one service.
#[derive(Default)]
struct Own {
    libraries: LayerBuilder,
    suite: LayerBuilder,
    pages: LayerBuilder,
}

impl<'a> Parts<'a> {
    /// Opens all archives of a package that images of a topology need.
    ///
    /// # Errors
    /// [`ImageError::Package`] names the archive and the entry that is refused.
    pub(super) fn read(
        package: &'a Package,
        topology: &Topology,
        threads: NonZeroUsize,
        cache: Option<&Cache>,
    ) -> Result<Self, ImageError> {
        let tools = topology.tools.values().filter_map(|tool| tool_entry(package, tool));
        // The last jar wins where two have the same environment file.
        let databases = &package.parts().database;
        let webapps = package.webapps().iter().map(|webapp| webapp.entry.clone());
        let wanted = webapps.chain([package.tomcat().to_owned()]).chain(tools);
        let wanted = wanted.chain(databases.iter().cloned()).collect();
        let archives = Source::open_all(package, wanted, threads, cache)?;
        package
            .check_together(archives.iter().map(|(name, one)| (name.as_str(), one.unpacked())))?;
        let (mut webapps, mut jars) = (BTreeMap::new(), BTreeMap::new());
        for webapp in package.webapps() {
            let source = &archives[&webapp.entry];
            webapps.insert(webapp.artifact.clone(), Arc::clone(source));
            // A context file of ours would hide one that the application brings along.
            if !source.has("META-INF/context.xml") {
                jars.insert(webapp.artifact.clone(), source.jars(&webapp.version));
            }
        }
        let mut environments = BTreeMap::new();
        for jar in databases {
            let source = &archives[jar];
            let all = source.names().filter(|name| name.starts_with("environments/"));
            environments.extend(all.map(|name| (name.clone(), Arc::clone(source))));
        }
        let groups = sharing::groups(&jars);
        let whole = Arc::new(Source::whole(package)?);
        let content = Digest::of(b"");
        let mut parts = Self { package, content, whole, archives, webapps, groups, environments };
        parts.content = parts.tell_content();
        Ok(parts)
    }

    /// What tells the content of the package from any other.
    pub(super) fn content(&self) -> &Digest {
        &self.content
    }

    /// What tells the content of the package from any other: all files that images are made of, in
    /// archives too, by name, size and CRC-32. A package that was packed again has another digest,
    /// but this one.
    fn tell_content(&self) -> Digest {
        let mut text = String::new();
        for (archive, source) in &self.archives {
            for name in source.names() {
                text.push_str(&format!("{archive}!{name} {}\n", source.identity(name)));
            }
        }
        for name in self.whole.names().filter(|name| name.starts_with("database/")) {
            if !self.archives.contains_key(name) {
                text.push_str(&format!("{name} {}\n", self.whole.identity(name)));
            }
        }
        Digest::of(text.as_bytes())
    }

    /// The image of a service.
    ///
    /// # Errors
    /// [`PackageError::Lacks`] when the package has not its web application.
    pub(super) fn service(
        &self,
        plans: &mut Plans,
        name: &str,
        service: &Service,
    ) -> Result<Draft, ImageError> {
        let mut own = Own::default();
        for (artifact, context) in &service.webapps {
            self.webapp(&mut own, name, artifact, context)?;
        }
        self.add_environments(&mut own.pages);
        add_scripts(&mut own.pages, "/ep/bin/start", START);
        let mut layers = vec![plans.once("Tomcat", || self.tomcat())];
        for (kind, title, libraries) in [
            (Kind::Library, "libraries", own.libraries),
            (Kind::Suite, "libraries of the suite", own.suite),
        ] {
            let needed = self.groups.iter().filter(|group| {
                group.kind == kind && service.webapps.keys().any(|one| group.webapps.contains(one))
            });
            for group in needed {
                let title = format!("shared {}", group.name());
                layers.push(plans.once(&title, || self.group(group)));
            }
            layers.extend(plans.add_if_any(title, libraries));
        }
        layers.push(plans.add("classes, pages and environment folders", own.pages));
        let mut spec = spec(self.package, &self.content, name);
        spec.entrypoint = vec!["/bin/sh".to_owned(), "/ep/bin/start".to_owned()];
        spec.port = Some(8080);
        spec.labels.insert("cloudops.health-path".to_owned(), service.health.clone());
        Ok(Draft { layers, spec })
    }

    /// Files of a web application, but for the jars that it gets from a group.
    fn webapp(
        &self,
        own: &mut Own,
        user: &str,
        artifact: &str,
        context: &str,
    ) -> Result<(), ImageError> {
        let source = self.webapps.get(artifact).ok_or_else(|| PackageError::Lacks {
            name: self.package.name().to_owned(),
            what: format!("webapps/{artifact}-<version>.war"),
            user: user.to_owned(),
        })?;
        let version = self.package.webapps().iter().find(|webapp| webapp.artifact == artifact);
        let version = version.map_or("", |webapp| webapp.version.as_str());
        for path in source.names() {
            let jar = path.strip_prefix(LIBRARIES);
            let shared = |jar| self.groups.iter().any(|group| group.gives(artifact, jar));
            if jar.is_some_and(shared) {
                continue;
            }
            let layer = match jar.map(|jar| sharing::kind(jar, version)) {
                Some(Kind::Library) => &mut own.libraries,
                Some(Kind::Suite) => &mut own.suite,
                None => &mut own.pages,
            };
            let target = format!("{TOMCAT}/webapps/{context}/{path}");
            layer.content(&target, source.entry(path), false);
        }
        if !source.has("META-INF/context.xml") {
            let file = format!("{TOMCAT}/conf/Catalina/localhost/{context}.xml");
            own.pages.file(&file, self.context(artifact), false);
        }
        Ok(())
    }

    /// Joins the shared libraries of a web application to it.
    fn context(&self, artifact: &str) -> String {
        let groups = self.groups.iter().filter(|group| group.webapps.contains(artifact));
        let joined = groups.map(|group| {
            let base = format!("{SHARED}/{}", group.name());
            format!(
                "    <PostResources className=\"org.apache.catalina.webresources.DirResourceSet\"\n\
                 \x20                  base=\"{base}\" webAppMount=\"/WEB-INF/lib\" readOnly=\"true\"/>\n"
            )
        });
        format!("{CONTEXT_START}{}{CONTEXT_END}", joined.collect::<String>())
    }

    /// The jars of a group, from the first application that carries them.
    fn group(&self, group: &Group) -> LayerBuilder {
        let mut layer = LayerBuilder::new();
        let source = group.webapps.first().and_then(|artifact| self.webapps.get(artifact));
        for (source, jar) in source.into_iter().flat_map(|s| group.jars.iter().map(move |j| (s, j)))
        {
            let path = format!("{SHARED}/{}/{jar}", group.name());
            layer.content(&path, source.entry(&format!("{LIBRARIES}{jar}")), false);
        }
        layer
    }

    /// Tomcat without the folder it is packed in, and the folders that it writes to.
    fn tomcat(&self) -> LayerBuilder {
        let mut layer = LayerBuilder::new();
        let source = &self.archives[self.package.tomcat()];
        for path in source.names() {
            if let Some((_, inner)) = path.split_once('/') {
                let target = format!("{TOMCAT}/{inner}");
                layer.content(&target, source.entry(path), inner.ends_with(".sh"));
            }
        }
        for folder in ["work", "temp", "logs"] {
            layer.writable_folder(&format!("{TOMCAT}/{folder}"));
        }
        layer
    }

    /// The image of a tool.
    ///
    /// # Errors
    /// [`PackageError::Lacks`] when the package has not the tool, or the tool not its script.
    pub(super) fn tool(
        &self,
        plans: &mut Plans,
        name: &str,
        tool: &Tool,
    ) -> Result<Draft, ImageError> {
        let missing = |archive: &str, what: String| PackageError::Lacks {
            name: archive.to_owned(),
            what,
            user: name.to_owned(),
        };
        let entry = tool_entry(self.package, tool).ok_or_else(|| {
            missing(self.package.name(), format!("tools/{}-<version>.zip", tool.artifact))
        })?;
        let source = &self.archives[&entry];
        let (mut program, mut start) = (LayerBuilder::new(), None);
        let script = format!("/{}", tool.script);
        for path in source.names() {
            let target = format!("/ep/tool/{path}");
            if format!("/{path}").ends_with(&script) {
                start = Some(target.clone());
            }
            program.content(&target, source.entry(path), path.ends_with(".sh"));
        }
        let start = start.ok_or_else(|| missing(&entry, tool.script.clone()))?;
        let data = self.database();
        let layers = vec![plans.add("tool", program), plans.add("database changes", data)];
        let spec = tool_spec(spec(self.package, &self.content, name), &start);
        Ok(Draft { layers, spec })
    }

    fn database(&self) -> LayerBuilder {
        let mut data = LayerBuilder::new();
        for jar in self.package.entries().iter().filter(|name| name.starts_with("database/")) {
            let file = jar.rsplit('/').next().unwrap_or(jar);
            data.content(&format!("/ep/database/{file}"), self.whole.entry(jar), false);
        }
        self.add_environments(&mut data);
        add_scripts(&mut data, "/ep/bin/tool", START_TOOL);
        data.writable_folder("/ep/data");
        data
    }

    fn add_environments(&self, layer: &mut LayerBuilder) {
        for (path, source) in &self.environments {
            layer.content(&format!("/ep/{path}"), source.entry(path), false);
        }
    }
}

/// The script that starts an image, and the folder that it puts the environment folder into.
fn add_scripts(layer: &mut LayerBuilder, path: &str, script: &'static str) {
    layer.file(path, script, true);
    layer.file("/ep/bin/environment", ENVIRONMENT, false);
    layer.writable_folder("/ep/conf");
}

fn tool_spec(mut spec: ImageSpec, start: &str) -> ImageSpec {
    let options = ["--dataDirectory", "/ep/data", "--configDirectory", "/ep/conf"];
    let words = ["/bin/sh", "/ep/bin/tool", start].into_iter().chain(options);
    spec.entrypoint = words.map(str::to_owned).collect();
    spec.command = vec!["update-db".to_owned()];
    spec
}

fn tool_entry(package: &Package, tool: &Tool) -> Option<String> {
    let is_tool = |entry: &&String| {
        let rest = entry.strip_prefix("tools/").and_then(|rest| rest.strip_prefix(&tool.artifact));
        rest.is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".zip"))
    };
    package.entries().iter().find(is_tool).cloned()
}
