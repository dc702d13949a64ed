use std::io::{Cursor, Write as _};

use camino::Utf8Path;
use cloudops_aws::{
    oci::{Base, Platform},
    package::Package,
};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::topology_file::Topology;

/// What may differ between two packages of the same content.
#[derive(Clone, Copy)]
struct Style {
    reverse: bool,
    year: u16,
    method: CompressionMethod,
}

const PLAIN: Style = Style {
    reverse: false,
    year: 2001,
    method: CompressionMethod::Deflated,
};
const OTHER: Style = Style {
    reverse: true,
    year: 2026,
    method: CompressionMethod::Stored,
};

fn pack(mut entries: Vec<(String, Vec<u8>)>, style: Style) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let time = DateTime::from_date_and_time(style.year, 5, 6, 7, 8, 10).unwrap();
    let options = SimpleFileOptions::default()
        .last_modified_time(time)
        .compression_method(style.method);
    if style.reverse {
        entries.reverse();
    }
    for (name, bytes) in entries {
        writer.start_file(name, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn archive(entries: &[(&str, &str)], style: Style) -> Vec<u8> {
    let entries = entries
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    pack(entries.collect(), style)
}

fn war(classes: &str, more: &[(&str, &str)], style: Style) -> Vec<u8> {
    let mut entries = vec![
        ("index.html", "page"),
        ("WEB-INF/web.xml", "<web-app/>"),
        ("WEB-INF/classes/A.class", classes),
        ("WEB-INF/lib/ep-core-8.5.0.jar", "core"),
        ("WEB-INF/lib/guava-30.jar", "guava"),
    ];
    entries.extend(more);
    archive(&entries, style)
}

/// A package in which cortex has a class of its own, and search another spring.
fn package(cortex: &str, style: Style) -> tempfile::NamedTempFile {
    let spring = ("WEB-INF/lib/spring-5.jar", "spring");
    let other = ("WEB-INF/lib/spring-5.jar", "another spring");
    let mut entries = vec![
        (
            "webapps/ext-cortex-webapp-8.5.0.war",
            war(cortex, &[spring], style),
        ),
        (
            "webapps/ext-search-webapp-8.5.0.war",
            war("s", &[other], style),
        ),
        (
            "webapps/ep-rest-studio-8.5.0.war",
            war("t", &[spring], style),
        ),
    ];
    for name in ["cm", "integration", "batch", "sync"] {
        let name = format!("webapps/ext-{name}-webapp-8.5.0.war");
        entries.push((Box::leak(name.into_boxed_str()), war("x", &[spring], style)));
    }
    let tomcat = [
        ("apache-tomcat-9/bin/bootstrap.jar", "b"),
        ("apache-tomcat-9/bin/catalina.sh", "c"),
        ("apache-tomcat-9/webapps/docs/index.html", "d"),
        ("apache-tomcat-9/logs/x", "l"),
    ];
    let data = [
        ("environments/default/ep.properties", "a=b"),
        ("data/x.sql", "select"),
    ];
    let tool = [
        ("bin/data-population.sh", "run"),
        ("lib/liquibase-3.jar", "l"),
    ];
    entries.extend([
        ("webapps/apache-tomcat-9.0.70.zip", archive(&tomcat, style)),
        (
            "webapps/ext-assets-8.5.0.zip",
            archive(&[("logo.svg", "l")], style),
        ),
        // A jar is content, so its bytes do not vary here.
        ("database/ext-data-8.5.0.jar", archive(&data, PLAIN)),
        ("database/jdbc/driver.jar", b"driver".to_vec()),
        (
            "tools/ext-data-population-cli-8.5.0-package.zip",
            archive(&tool, style),
        ),
        ("plugins/plugins.json", b"{}".to_vec()),
    ]);
    let entries = entries
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pack(entries, style)).unwrap();
    file
}

fn open(file: &tempfile::NamedTempFile) -> Package {
    Package::open(Utf8Path::from_path(file.path()).unwrap()).unwrap()
}

fn build_plan(file: &tempfile::NamedTempFile) -> BuildPlan {
    plan(&open(file), &targets(&Topology::commerce().unwrap())).unwrap()
}

fn build(file: &tempfile::NamedTempFile, threads: usize) -> Vec<Built> {
    let base = Base::scratch(&Platform::linux_amd64()).unwrap();
    let provenance = Provenance {
        version: "8.5.0".to_owned(),
        ..Provenance::default()
    };
    let options = AssembleOptions {
        threads,
        ..AssembleOptions::default()
    };
    assemble(&build_plan(file), &base, &provenance, &options).unwrap()
}

fn digests(built: &[Built]) -> Vec<String> {
    built
        .iter()
        .map(|built| format!("{} {}", built.name, built.image.digest))
        .collect()
}

/// Paths of the layers of an image, one text for each layer.
fn layers(plan: &BuildPlan, image: &str) -> Vec<String> {
    let image = plan
        .images
        .iter()
        .find(|planned| planned.target.name == image)
        .unwrap();
    let show = |number: &usize| {
        let layer = &plan.layers[*number];
        let paths: Vec<&str> = layer.items.keys().map(String::as_str).collect();
        format!("{}: {}", layer.description, paths.join(" "))
    };
    image.layers.iter().map(show).collect()
}

#[test]
fn order_times_compression_and_threads_do_not_change_the_digests() {
    let expected = digests(&build(&package("c", PLAIN), 1));
    assert_eq!(digests(&build(&package("c", PLAIN), 8)), expected);
    assert_eq!(digests(&build(&package("c", OTHER), 3)), expected);
}

#[test]
fn one_class_changes_one_layer_of_one_image() {
    let (before, after) = (
        build(&package("c", PLAIN), 2),
        build(&package("d", PLAIN), 2),
    );
    let mut changed = Vec::new();
    for (before, after) in before.iter().zip(&after) {
        let layers = before.image.layers.iter().zip(&after.image.layers);
        let layers = layers.filter(|(before, after)| before.digest != after.digest);
        changed.extend(layers.map(|(before, _)| (&before.description, &after.name)));
        assert_eq!(
            before.image.digest == after.image.digest,
            after.name != "cortex"
        );
    }
    let description = "classes and configuration of cortex".to_owned();
    assert_eq!(changed, [(&description, &"cortex".to_owned())]);
}

#[test]
fn files_go_into_layers_by_how_often_they_change() {
    let plan = build_plan(&package("c", PLAIN));
    let found = layers(&plan, "search");
    let expected = [
        "Tomcat: opt/tomcat/bin/bootstrap.jar opt/tomcat/bin/catalina.sh opt/tomcat/conf/Catalina/localhost opt/tomcat/logs opt/tomcat/temp opt/tomcat/work",
        "third-party jars shared by batch, cm, cortex, data-sync, integration, search: ep/webapp/WEB-INF/lib/guava-30.jar",
        "third-party jars of search: ep/webapp/WEB-INF/lib/spring-5.jar",
        "jars of the suite shared by batch, cm, cortex, data-sync, integration, search: ep/webapp/WEB-INF/lib/ep-core-8.5.0.jar",
        "assets: ep/assets/logo.svg",
        "start scripts and environment folders: ep/bin/environment ep/bin/start ep/bin/tool ep/conf ep/environments/default/ep.properties ep/plugins/plugins.json",
        "static content of search: ep/webapp/index.html",
        "classes and configuration of search: ep/webapp/WEB-INF/classes/A.class ep/webapp/WEB-INF/web.xml opt/tomcat/webapps/search",
    ];
    assert_eq!(found, expected);
    // Another spring than that of the others is not shared; theirs is.
    let cortex = layers(&plan, "cortex");
    let shared = "third-party jars shared by batch, cm, cortex, data-sync, integration: ep/webapp/WEB-INF/lib/spring-5.jar";
    assert!(cortex.iter().any(|layer| layer == shared), "{cortex:#?}");
    assert!(
        cortex
            .iter()
            .any(|layer| layer.contains("opt/tomcat/webapps/studio/WEB-INF/lib/guava-30.jar"))
    );
}

#[test]
fn a_tool_has_its_program_and_the_database() {
    let plan = build_plan(&package("c", PLAIN));
    let expected = [
        "third-party jars of data-pop-tool: ep/tool/lib/liquibase-3.jar",
        "program of data-pop-tool: ep/tool/bin/data-population.sh",
        "start scripts and environment folders: ep/bin/environment ep/bin/start ep/bin/tool ep/conf ep/environments/default/ep.properties ep/plugins/plugins.json",
        "schema and data: ep/data/database/driver.jar ep/data/database/ext-data-8.5.0.jar",
    ];
    assert_eq!(layers(&plan, "data-pop-tool"), expected);
}

#[test]
fn says_what_the_package_lacks() {
    let mut wanted = targets(&Topology::commerce().unwrap());
    if let Kind::Service { webapps, .. } = &mut wanted[0].kind {
        webapps[0].0 = "ext-mock-webapp".to_owned();
    }
    let file = package("c", PLAIN);
    let error = plan(&open(&file), &wanted).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "image batch: the package has no web application `ext-mock-webapp` (it has"
        ),
        "{error}"
    );
}

#[test]
fn a_damaged_war_is_named() {
    let broken = |name: &str| {
        let entries = vec![
            (
                "webapps/ext-cm-webapp-8.5.0.war".to_owned(),
                b"no zip".to_vec(),
            ),
            (name.to_owned(), archive(&[("a/b", "c")], PLAIN)),
            (
                "database/ext-data-8.5.0.jar".to_owned(),
                archive(&[("x", "y")], PLAIN),
            ),
        ];
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&pack(entries, PLAIN)).unwrap();
        file
    };
    let file = broken("webapps/apache-tomcat-9.0.70.zip");
    let target = Target {
        name: "cm".to_owned(),
        kind: Kind::Service {
            webapps: vec![("ext-cm-webapp".to_owned(), "cm".to_owned())],
            health: "/cm/healthcheck/readiness".to_owned(),
        },
    };
    let error = plan(&open(&file), &[target]).unwrap_err().to_string();
    assert!(
        error.contains("!webapps/ext-cm-webapp-8.5.0.war is not a zip file"),
        "{error}"
    );
}

#[test]
fn stops_when_told() {
    let file = package("c", PLAIN);
    let base = Base::scratch(&Platform::linux_amd64()).unwrap();
    let options = AssembleOptions {
        stopped: &|| true,
        ..AssembleOptions::default()
    };
    let result = assemble(&build_plan(&file), &base, &Provenance::default(), &options);
    assert!(matches!(result, Err(ImageError::Interrupted)));
}
