//! Writes deployment packages from real jars, as the suite's build would.
//!
//! Jars and WARs are deflated once and copied as they are from then on: a package of a gigabyte
//! is then made in seconds.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::parallel;
use super::shape::{self, Jar, Plan, SERVICES, STUDIO, Service, Shape, TOOL_ARTIFACT, VERSION};
use super::webapp::{self, File};
use super::zips::{self, Zip};
use crate::failure::Outcome;
use crate::print;

/// What packages are made from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// A folder with jars.
    pub(super) jars: PathBuf,
    /// A Tomcat home.
    pub(super) tomcat: PathBuf,
}

/// A package that was written.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) file: PathBuf,
    /// Which third-party jars are where.
    pub(super) plan: Plan,
    /// Names of the suite's own jars.
    pub(super) modules: Vec<String>,
    /// Size of the file in bytes.
    pub(super) bytes: u64,
}

/// How many of the third-party jars the tool brings along.
const JARS_OF_THE_TOOL: usize = 8;
const START: &[u8] = b"#!/bin/sh\nexec java -cp \"$(dirname \"$0\")/../lib/*\" Main \"$@\"\n";
const ENVIRONMENTS: [&str; 4] = ["default", "qa", "prod-author", "prod-live"];

/// Raised when other files are made up or chosen: what was kept is then made again.
const GENERATION: u32 = 1;

/// Empties the folder unless what it keeps was made from the same source by the same rules.
pub(super) fn keep(folder: &Path, source: &Source) -> Outcome {
    let from = format!("{GENERATION} {} {}", source.jars.display(), source.tomcat.display());
    let note = folder.join("made-from.txt");
    if fs::read_to_string(&note).is_ok_and(|text| text == from) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    Ok(fs::write(note, from)?)
}

/// Makes packages in a folder, and keeps there what several of them need.
pub(super) struct Maker<'a> {
    pub(super) source: &'a Source,
    pub(super) folder: &'a Path,
}

impl Maker<'_> {
    /// Writes the package of that shape, unless it is there.
    pub(super) fn make(&self, shape: Shape) -> Outcome<Package> {
        let plan = shape::plan(&jars(&self.source.jars)?, shape);
        let file = self.folder.join(format!("{}.zip", shape.name()));
        if !file.is_file() {
            print::note(format!("writing {}.zip", shape.name()));
            self.deflate_jars()?;
            let wars = wars(shape);
            parallel::each(&wars, |war| self.war(war, &plan))?;
            self.write(&file, &wars, &plan)?;
        }
        let modules = webapp::modules(VERSION).into_iter().map(|(name, _)| name).collect();
        Ok(Package { bytes: fs::metadata(&file)?.len(), file, plan, modules })
    }

    /// A zip with all jars, from which WARs take theirs.
    fn deflate_jars(&self) -> Outcome {
        let file = self.jars_file();
        if file.is_file() {
            return Ok(());
        }
        let mut zip = Zip::create(&file)?;
        let plan = shape::plan(&jars(&self.source.jars)?, Shape::FULL);
        for name in plan.shared.iter().chain(plan.own.iter().flatten()) {
            zip.add_file(name, &self.source.jars.join(name))?;
        }
        for (name, files) in webapp::modules(VERSION) {
            let jar = self.folder.join(&name);
            write(&jar, &files)?;
            zip.add_file(&name, &jar)?;
            fs::remove_file(jar)?;
        }
        zip.finish()
    }

    fn jars_file(&self) -> PathBuf {
        self.folder.join("jars.zip")
    }

    /// The zip whose only entry is the WAR.
    fn deflated(&self, war: &War) -> PathBuf {
        self.folder.join(format!("{}.zip", war.key))
    }

    fn war(&self, war: &War, plan: &Plan) -> Outcome {
        let (file, deflated) = (self.folder.join(&war.key), self.deflated(war));
        if deflated.is_file() {
            return Ok(());
        }
        let mut zip = Zip::create(&file)?;
        for (path, content) in &war.files {
            zip.add(path, &**content, 0)?;
        }
        if let Some(own) = war.own.and_then(|index| plan.own.get(index)) {
            let mut jars = zips::open(&self.jars_file())?;
            let modules = webapp::modules(VERSION).into_iter().map(|(name, _)| name);
            let mut names: Vec<String> = modules.collect();
            names.extend(plan.shared.iter().chain(own).cloned());
            for name in names {
                zip.copy(&mut jars, &name, &format!("WEB-INF/lib/{name}"))?;
            }
        }
        zip.finish()?;
        let mut zip = Zip::create(&deflated)?;
        zip.add_file(WAR, &file)?;
        zip.finish()?;
        Ok(fs::remove_file(file)?)
    }

    fn write(&self, file: &Path, wars: &[War], plan: &Plan) -> Outcome {
        let mut zip = Zip::create(file)?;
        for war in wars {
            let name = format!("webapps/{}-{VERSION}.war", war.artifact);
            zip.copy(&mut zips::open(&self.deflated(war))?, WAR, &name)?;
        }
        self.add_tomcat(&mut zip)?;
        self.add_database(&mut zip)?;
        self.add_tool(&mut zip, plan)?;
        let spec = format!("{{\"java\": \"17\", \"tomcat\": \"{}\"}}\n", self.tomcat_version()?);
        zip.add("ops-spec.json", spec.as_bytes(), 0)?;
        zip.add("plugins/plugins.json", &b"[]\n"[..], 0)?;
        zip.finish()
    }

    fn tomcat_version(&self) -> Outcome<String> {
        Ok(fs::read_to_string(self.source.tomcat.join("VERSION"))?.trim().to_owned())
    }

    fn add_tomcat(&self, zip: &mut Zip) -> Outcome {
        let name = format!("apache-tomcat-{}", self.tomcat_version()?);
        let home = &self.source.tomcat;
        let file = self.folder.join(format!("{name}.zip"));
        let mut inner = Zip::create(&file)?;
        for path in ["bin", "conf", "lib"].iter().map(|part| files_in(&home.join(part))) {
            for path in path? {
                let relative = path.strip_prefix(home).unwrap_or(&path).display();
                inner.add_file(&format!("{name}/{relative}"), &path)?;
            }
        }
        inner.finish()?;
        zip.add_file(&format!("webapps/{name}.zip"), &file)?;
        Ok(fs::remove_file(file)?)
    }

    fn add_database(&self, zip: &mut Zip) -> Outcome {
        let jar = self.folder.join("ext-data.jar");
        let mut files: Vec<File> = ENVIRONMENTS.iter().map(|name| environment(name)).collect();
        files.push(("data/changelog.xml".to_owned(), b"<databaseChangeLog/>\n".to_vec()));
        write(&jar, &files)?;
        zip.add_file(&format!("database/ext-data-{VERSION}.jar"), &jar)?;
        write(&jar, &[("schema/changelog.xml".to_owned(), b"<databaseChangeLog/>\n".to_vec())])?;
        zip.add_file(&format!("database/ep-core-schema-{VERSION}.jar"), &jar)?;
        Ok(fs::remove_file(jar)?)
    }

    fn add_tool(&self, zip: &mut Zip, plan: &Plan) -> Outcome {
        let name = format!("{TOOL_ARTIFACT}-{VERSION}");
        let file = self.folder.join(format!("{name}.zip"));
        let mut inner = Zip::create(&file)?;
        inner.add("bin/data-population.sh", START, 0)?;
        for jar in plan.shared.iter().take(JARS_OF_THE_TOOL) {
            inner.add_file(&format!("lib/{jar}"), &self.source.jars.join(jar))?;
        }
        inner.finish()?;
        zip.add_file(&format!("tools/{name}.zip"), &file)?;
        Ok(fs::remove_file(file)?)
    }
}

/// Name of the only entry of a zip that holds a deflated WAR.
const WAR: &str = "war";

/// A WAR to make.
struct War {
    artifact: &'static str,
    /// Name among the kept files: the same name is the same content.
    key: String,
    files: Vec<File>,
    /// Index of its own jars in the plan; none is a small one without libraries.
    own: Option<usize>,
}

fn wars(shape: Shape) -> Vec<War> {
    let mut wars: Vec<War> = SERVICES
        .iter()
        .enumerate()
        .map(|(index, service)| {
            let large = index < shape.services;
            let files = if large {
                webapp::files(*service, shape.changed)
            } else {
                webapp::small(*service)
            };
            let kind = if large { format!("1of{}", shape.every) } else { "small".to_owned() };
            let rebuilt =
                if shape.changed && service.name == shape::CHANGED { "-rebuilt" } else { "" };
            let key = format!("{}-{kind}{rebuilt}.war", service.artifact);
            War { artifact: service.artifact, key, files, own: large.then_some(index) }
        })
        .collect();
    wars.push(small_war(STUDIO));
    wars
}

fn small_war(service: Service) -> War {
    let key = format!("{}-small.war", service.artifact);
    War { artifact: service.artifact, key, files: webapp::small(service), own: None }
}

fn environment(name: &str) -> File {
    let path = format!("environments/{name}/files/conf/ep.properties");
    (path, format!("ep.environment={name}\n").into_bytes())
}

fn write(file: &Path, files: &[File]) -> Outcome {
    let mut zip = Zip::create(file)?;
    for (path, content) in files {
        zip.add(path, &**content, 0)?;
    }
    zip.finish()
}

/// All jars in a folder.
pub(super) fn jars(folder: &Path) -> Outcome<Vec<Jar>> {
    let mut jars = Vec::new();
    for path in files_in(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".jar") {
            jars.push(Jar { name, bytes: fs::metadata(&path)?.len() });
        }
    }
    Ok(jars)
}

/// The files in a folder, without those in folders below, sorted.
fn files_in(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three jars and a Tomcat of one file each.
    fn source(folder: &Path) -> Source {
        let source = Source { jars: folder.join("jars"), tomcat: folder.join("tomcat") };
        fs::create_dir_all(&source.jars).unwrap();
        for name in ["a.jar", "b.jar", "c.jar"] {
            fs::write(source.jars.join(name), name).unwrap();
        }
        for part in ["bin", "conf", "lib"] {
            fs::create_dir_all(source.tomcat.join(part)).unwrap();
            fs::write(source.tomcat.join(part).join("file"), part).unwrap();
        }
        fs::write(source.tomcat.join("VERSION"), "9.0.70\n").unwrap();
        source
    }

    #[test]
    fn what_was_made_from_something_else_goes() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source { jars: "jars".into(), tomcat: "tomcat".into() };
        let (kept, file) = (folder.path().join("kept"), folder.path().join("kept/jars.zip"));
        keep(&kept, &source).unwrap();
        fs::write(&file, "").unwrap();
        keep(&kept, &source).unwrap();
        assert!(file.is_file());
        keep(&kept, &Source { jars: "others".into(), ..source }).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_package_has_all_that_the_topology_names_and_is_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(folder.path());
        let make = |name: &str| {
            let folder = folder.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            Maker { source: &source, folder: &folder }.make(Shape::FULL).unwrap().file
        };
        let (one, two) = (make("one"), make("two"));
        assert_eq!(fs::read(&one).unwrap(), fs::read(two).unwrap());
        let names = zips::names(&one).unwrap();
        for part in [
            "webapps/ext-cortex-webapp-8.5.0.war",
            "webapps/ep-rest-studio-8.5.0.war",
            "webapps/ext-sync-webapp-8.5.0.war",
            "webapps/apache-tomcat-9.0.70.zip",
            "database/ext-data-8.5.0.jar",
            "tools/ext-data-population-cli-8.5.0.zip",
            "ops-spec.json",
        ] {
            assert!(names.iter().any(|name| name == part), "{part} is not in {names:?}");
        }
    }
}
