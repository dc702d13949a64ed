//! The plan of a build: which file of which archive goes into which layer of which image. Here are
//! the layers that images share; `per_image` has those of one image.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::package::Package;

use super::{
    error::ImageError,
    jars::{Group, Jar, Maker, groups},
    model::{BuildPlan, Item, LayerPlan},
    runtime::{ImagePlan, add_scripts},
    source::{Opened, Source},
    target::{Kind, Target},
    webapp::{Class, MAIN, Webapp},
};

pub(super) const TOMCAT: &str = "opt/tomcat";
/// Folders of Tomcat that it writes to; they lead to where a container may write.
const WRITABLE: [&str; 3] = ["logs", "temp", "work"];
/// Folders of the Tomcat zip that are left out.
const LEFT_OUT: [&str; 4] = ["webapps", "logs", "temp", "work"];

/// Plans the images of a package. Reads the indexes of its archives, and no content.
///
/// # Errors
/// [`ImageError`] names what the package lacks.
pub fn plan(package: &Package, targets: &[Target]) -> Result<BuildPlan, ImageError> {
    let root = Source::package(package);
    let opened = root.open()?;
    let sources = vec![root.clone()];
    let mut planner = Planner {
        package,
        root,
        opened,
        webapps: BTreeMap::new(),
        plan: BuildPlan {
            sources,
            ..BuildPlan::default()
        },
    };
    for target in targets {
        planner.read_webapps(target)?;
    }
    planner.layers(targets)?;
    Ok(planner.plan)
}

pub(super) struct Planner<'a> {
    pub(super) package: &'a Package,
    root: Source,
    opened: Opened,
    /// Web applications by image.
    pub(super) webapps: BTreeMap<String, Vec<Webapp>>,
    plan: BuildPlan,
}

/// Layers that several images have.
pub(super) struct Common {
    pub(super) tomcat: Option<usize>,
    pub(super) assets: Option<usize>,
    pub(super) scripts: Option<usize>,
    /// Shared jars, the third-party ones first, each with the number of its layer.
    pub(super) shared: Vec<(Maker, Group, usize)>,
}

impl Planner<'_> {
    /// Opens an archive of the package: its number and its index.
    pub(super) fn source(&mut self, entry: &str) -> Result<(usize, Opened), ImageError> {
        let source = self.root.nested(&mut self.opened, entry)?;
        let opened = source.open()?;
        self.plan.sources.push(source);
        Ok((self.plan.sources.len() - 1, opened))
    }

    fn read_webapps(&mut self, target: &Target) -> Result<(), ImageError> {
        let Kind::Service { webapps, .. } = &target.kind else {
            return Ok(());
        };
        for (at, (artifact, context)) in webapps.iter().enumerate() {
            let known = self.package.webapps();
            let found = known
                .iter()
                .find(|webapp| webapp.artifact == *artifact)
                .cloned();
            let found = found.ok_or_else(|| ImageError::Missing {
                image: target.name.clone(),
                what: "web application",
                artifact: artifact.clone(),
                found: known.iter().map(|webapp| webapp.artifact.clone()).collect(),
            })?;
            let (source, opened) = self.source(&found.entry)?;
            let folder = if at == 0 {
                MAIN.to_owned()
            } else {
                format!("{TOMCAT}/webapps/{context}")
            };
            let webapp = Webapp::new(source, folder, &found.version, &opened);
            self.webapps
                .entry(target.name.clone())
                .or_default()
                .push(webapp);
        }
        Ok(())
    }

    fn layers(&mut self, targets: &[Target]) -> Result<(), ImageError> {
        let services = targets
            .iter()
            .any(|target| matches!(target.kind, Kind::Service { .. }));
        let mut common = Common {
            tomcat: if services { self.tomcat()? } else { None },
            assets: if services { self.assets()? } else { None },
            scripts: self.scripts()?,
            shared: Vec::new(),
        };
        for maker in [Maker::ThirdParty, Maker::Suite] {
            self.shared(maker, &mut common)?;
        }
        for target in targets {
            let layers = match &target.kind {
                Kind::Service { webapps, .. } => {
                    let context = webapps.first().map(|(_, context)| context.as_str());
                    self.service(target, context, &common)?
                }
                Kind::Tool { artifact, script } => self.tool(target, artifact, script, &common)?,
            };
            self.plan.images.push(ImagePlan {
                target: target.clone(),
                layers,
            });
        }
        Ok(())
    }

    /// Keeps a layer, unless it is empty.
    pub(super) fn keep(&mut self, layer: LayerPlan) -> Option<usize> {
        if layer.items.is_empty() {
            return None;
        }
        self.plan.layers.push(layer);
        Some(self.plan.layers.len() - 1)
    }

    fn tomcat(&mut self) -> Result<Option<usize>, ImageError> {
        let entry = self.package.tomcat().to_owned();
        let (source, opened) = self.source(&entry)?;
        let mut layer = LayerPlan::new("Tomcat");
        for name in opened.files.keys() {
            // The zip has everything in one folder, which is named after the version.
            let Some((_, path)) = name.split_once('/') else {
                continue;
            };
            if !LEFT_OUT.contains(&path.split('/').next().unwrap_or_default()) {
                layer.add_entry(format!("{TOMCAT}/{path}"), source, name)?;
            }
        }
        for folder in WRITABLE {
            let link = Item::Link(format!("../../tmp/tomcat/{folder}"));
            layer.add(format!("{TOMCAT}/{folder}"), link)?;
        }
        // Tomcat looks for descriptors there, and complains when it cannot make the folder.
        layer.add(format!("{TOMCAT}/conf/Catalina/localhost"), Item::Folder)?;
        Ok(self.keep(layer))
    }

    fn assets(&mut self) -> Result<Option<usize>, ImageError> {
        let mut layer = LayerPlan::new("assets");
        let is_assets =
            |name: &&String| name.starts_with("webapps/ext-assets-") && name.ends_with(".zip");
        let entries: Vec<String> = self
            .package
            .entries()
            .iter()
            .filter(is_assets)
            .cloned()
            .collect();
        for entry in entries {
            let (source, opened) = self.source(&entry)?;
            for name in opened.files.keys() {
                layer.add_entry(format!("ep/assets/{name}"), source, name)?;
            }
        }
        Ok(self.keep(layer))
    }

    /// Start scripts, environment folders and the settings of plug-ins.
    fn scripts(&mut self) -> Result<Option<usize>, ImageError> {
        let mut layer = LayerPlan::new("start scripts and environment folders");
        add_scripts(&mut layer)?;
        for jar in self.database_jars() {
            let (source, opened) = self.source(&jar)?;
            for name in opened
                .files
                .keys()
                .filter(|name| name.starts_with("environments/"))
            {
                layer.add_entry(format!("ep/{name}"), source, name)?;
            }
        }
        for name in self
            .package
            .entries()
            .iter()
            .filter(|name| name.starts_with("plugins/"))
        {
            layer.add_entry(format!("ep/{name}"), 0, name)?;
        }
        Ok(self.keep(layer))
    }

    /// Jars of the database; the driver, a folder deeper, is none of them.
    fn database_jars(&self) -> Vec<String> {
        let is_jar = |name: &&String| {
            let file = name.strip_prefix("database/");
            file.is_some_and(|file| !file.contains('/') && file.ends_with(".jar"))
        };
        self.package
            .entries()
            .iter()
            .filter(is_jar)
            .cloned()
            .collect()
    }

    fn shared(&mut self, maker: Maker, common: &mut Common) -> Result<(), ImageError> {
        let jars = self.webapps.iter().map(|(image, webapps)| {
            let jars = webapps.iter().flat_map(|webapp| webapp.shareable(maker));
            (image.clone(), jars.collect::<BTreeSet<Jar>>())
        });
        let jars: BTreeMap<String, BTreeSet<Jar>> = jars.collect();
        for group in groups(&jars) {
            let images = group.images.iter().cloned().collect::<Vec<_>>().join(", ");
            let what = match maker {
                Maker::ThirdParty => "third-party jars",
                Maker::Suite => "jars of the suite",
            };
            let mut layer = LayerPlan::new(format!("{what} shared by {images}"));
            // Any of the images will do; the first has one, as it has the jars.
            let first = group
                .images
                .first()
                .and_then(|image| self.webapps.get(image));
            for webapp in first.into_iter().flatten().filter(|webapp| webapp.main) {
                for (name, _) in webapp.files.iter().filter(|(name, jar)| {
                    webapp.class(name) == Class::Library(maker) && group.jars.contains(jar)
                }) {
                    layer.add_entry(webapp.path(name), webapp.source, name)?;
                }
            }
            if let Some(number) = self.keep(layer) {
                common.shared.push((maker, group, number));
            }
        }
        Ok(())
    }
}
