//! The layers of one image.

use super::{
    error::ImageError,
    jars::{Group, Maker, maker},
    model::{Item, LayerPlan},
    plan::{Common, Planner, TOMCAT},
    target::Target,
    webapp::{Class, MAIN},
};

impl Planner<'_> {
    pub(super) fn service(
        &mut self,
        target: &Target,
        context: Option<&str>,
        common: &Common,
    ) -> Result<Vec<usize>, ImageError> {
        let image = &target.name;
        let mut third_party = LayerPlan::new(format!("third-party jars of {image}"));
        let mut suite = LayerPlan::new(format!("jars of the suite of {image}"));
        let mut content = LayerPlan::new(format!("static content of {image}"));
        let mut application = LayerPlan::new(format!("classes and configuration of {image}"));
        let shared: Vec<_> = common
            .shared
            .iter()
            .filter(|(_, group, _)| group.images.contains(image))
            .collect();
        for webapp in self.webapps.get(image).into_iter().flatten() {
            for (name, jar) in &webapp.files {
                let class = webapp.class(name);
                let is_shared = |maker: Maker| {
                    let here = |(of, group, _): &&&(Maker, Group, usize)| {
                        *of == maker && group.jars.contains(jar)
                    };
                    webapp.main && shared.iter().any(|group| here(&group))
                };
                let layer = match class {
                    Class::Library(maker) if is_shared(maker) => continue,
                    Class::Library(Maker::ThirdParty) => &mut third_party,
                    Class::Library(Maker::Suite) => &mut suite,
                    Class::Content => &mut content,
                    Class::Application => &mut application,
                };
                layer.add_entry(webapp.path(name), webapp.source, name)?;
            }
        }
        if let Some(context) = context {
            let link = Item::Link(format!("../../../{MAIN}"));
            application.add(format!("{TOMCAT}/webapps/{context}"), link)?;
        }
        let of = |maker: Maker| {
            let numbers = shared.iter().filter(move |(of, _, _)| *of == maker);
            numbers.map(|(_, _, number)| *number).collect::<Vec<_>>()
        };
        let mut layers: Vec<usize> = common
            .tomcat
            .into_iter()
            .chain(of(Maker::ThirdParty))
            .collect();
        let suite_shared = of(Maker::Suite);
        layers.extend(self.keep(third_party));
        layers.extend(suite_shared);
        layers.extend(self.keep(suite));
        layers.extend(common.assets.into_iter().chain(common.scripts));
        layers.extend(self.keep(content));
        layers.extend(self.keep(application));
        Ok(layers)
    }

    pub(super) fn tool(
        &mut self,
        target: &Target,
        artifact: &str,
        script: &str,
        common: &Common,
    ) -> Result<Vec<usize>, ImageError> {
        let tools = |name: &&String| name.starts_with("tools/") && name.ends_with(".zip");
        let tools: Vec<String> = self
            .package
            .entries()
            .iter()
            .filter(tools)
            .cloned()
            .collect();
        let missing = |what, artifact: &str, found| ImageError::Missing {
            image: target.name.clone(),
            what,
            artifact: artifact.to_owned(),
            found,
        };
        let prefix = format!("tools/{artifact}-");
        let Some(entry) = tools.iter().find(|name| name.starts_with(&prefix)).cloned() else {
            return Err(missing("tool", artifact, tools));
        };
        let version = entry[prefix.len()..].trim_end_matches(".zip");
        let version = version.trim_end_matches("-package").to_owned();
        let (source, opened) = self.source(&entry)?;
        if !opened.files.contains_key(script) {
            return Err(missing(
                "script",
                script,
                opened.files.keys().cloned().collect(),
            ));
        }
        let mut third_party = LayerPlan::new(format!("third-party jars of {}", target.name));
        let mut own = LayerPlan::new(format!("program of {}", target.name));
        for name in opened.files.keys() {
            let file = name.rsplit('/').next().unwrap_or(name);
            let foreign = file.ends_with(".jar") && maker(file, &version) == Maker::ThirdParty;
            let layer = if foreign { &mut third_party } else { &mut own };
            let executable = name.ends_with(".sh") || name == script;
            let item = Item::Entry {
                source,
                name: name.clone(),
                executable,
            };
            layer.add(format!("ep/tool/{name}"), item)?;
        }
        let mut data = LayerPlan::new("schema and data");
        let is_jar = |name: &&String| name.starts_with("database/") && name.ends_with(".jar");
        for name in self.package.entries().iter().filter(is_jar) {
            // Flat, with the driver, because that is how a class path takes a folder.
            let file = name.rsplit('/').next().unwrap_or(name);
            data.add_entry(format!("ep/data/database/{file}"), 0, name)?;
        }
        let mut layers = Vec::new();
        layers.extend(self.keep(third_party));
        layers.extend(self.keep(own));
        layers.extend(common.scripts);
        layers.extend(self.keep(data));
        Ok(layers)
    }
}
