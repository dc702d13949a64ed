//! Packages as nobody should build them: each is refused by the entry's name, with exit code 3, and
//! the registry is not asked for anything.

use std::{
    io::{Cursor, Write as _},
    net::TcpListener,
};

use camino::Utf8Path;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    clouddeploy,
    images::{OTHER, PLAIN, base, named, zip},
};

type Files = Vec<(String, Vec<u8>)>;

const CM: &str = "webapps/ext-cm-webapp-8.5.0.war";
const TOMCAT: &str = "webapps/apache-tomcat-9.0.70.zip";
const DATA: &str = "database/ext-data-8.5.0.jar";
const TOOL: &str = "tools/ext-data-population-cli-8.5.0.zip";

/// The files of a web application.
fn webapp() -> Files {
    vec![
        named("WEB-INF/classes/A.class", "class".repeat(9)),
        named("WEB-INF/lib/core-8.5.0.jar", zip(PLAIN, &[named("B.class", "other class")])),
    ]
}

/// The files of a package that nothing is wrong with.
fn good() -> Files {
    let mut files: Files = crate::images::WEBAPPS
        .iter()
        .map(|artifact| named(&format!("webapps/{artifact}-8.5.0.war"), zip(PLAIN, &webapp())))
        .collect();
    files.extend([
        named(TOMCAT, zip(PLAIN, &[named("apache-tomcat-9/lib/a.jar", zip(PLAIN, &[]))])),
        named(DATA, zip(PLAIN, &[named("environments/default/ep.properties", "a=1")])),
        named(TOOL, zip(PLAIN, &[named("cli/bin/data-population.sh", "#!")])),
    ]);
    files
}

/// The good package with another file in it; one of the same name is replaced.
fn with(name: &str, bytes: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut files = good();
    files.retain(|(there, _)| there != name);
    files.push(named(name, bytes));
    zip(PLAIN, &files)
}

/// The good package with another web application `cm`.
fn with_cm(war: Vec<u8>) -> Vec<u8> {
    with(CM, war)
}

fn without(name: &str) -> Vec<u8> {
    let mut files = good();
    files.retain(|(there, _)| there != name);
    zip(PLAIN, &files)
}

/// Writes into the directory's header of an entry.
fn patched(mut zip: Vec<u8>, entry: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    let is_header = |place: &usize| {
        zip[*place..].starts_with(b"PK\x01\x02") && zip[place + 46..].starts_with(entry.as_bytes())
    };
    let header = (0..zip.len()).rfind(is_header).unwrap();
    zip[header + at..header + at + bytes.len()].copy_from_slice(bytes);
    zip
}

/// Replaces bytes that stand there as they are by as many others.
fn replaced(mut zip: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> =
        (0..zip.len()).filter(|at| zip[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from} is not in it");
    for at in places {
        zip[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    zip
}

fn link() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_symlink("WEB-INF/passwd", "/etc/passwd", options).unwrap();
    writer.finish().unwrap().into_inner()
}

/// Zeros that deflate to a thousandth.
fn zeros(megabytes: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file("zeros", options).unwrap();
    writer.write_all(&vec![0; megabytes << 20]).unwrap();
    writer.finish().unwrap().into_inner()
}

/// A name, the package, more options, and what is said.
type Case = (&'static str, Vec<u8>, &'static str, Vec<&'static str>);

fn of_the_package() -> Vec<Case> {
    let two = || {
        let mut files = good();
        files.extend([named("plugins/one.json", "1"), named("plugins/two.json", "2")]);
        zip(PLAIN, &files)
    };
    let whole = zip(PLAIN, &good());
    let cut = whole[..whole.len() / 2].to_vec();
    vec![
        ("slip", with("../evil", "x"), "", vec!["`../evil` is refused", "leads out"]),
        ("absolute", with("/etc/passwd", "x"), "", vec!["`/etc/passwd`", "not a relative path"]),
        (
            "twice",
            replaced(two(), "plugins/two.json", "plugins/one.json"),
            "",
            vec!["`plugins/one.json` is refused: there are two entries of this name"],
        ),
        (
            "case",
            replaced(two(), "plugins/two.json", "plugins/ONE.json"),
            "",
            vec!["plugins/", "names that differ only by case"],
        ),
        (
            "in-file",
            with(&format!("{CM}/page"), "x"),
            "",
            vec!["`webapps/ext-cm-webapp-8.5.0.war/page` is refused: its folder is a file too"],
        ),
        ("truncated", cut, "", vec!["truncated.zip is not a zip file, or is damaged"]),
        (
            "encrypted",
            patched(whole.clone(), DATA, 8, &[1, 0]),
            "",
            vec!["`database/ext-data-8.5.0.jar` is refused: it is encrypted"],
        ),
        (
            "entries",
            whole.clone(),
            "--max-entries 4",
            vec!["is refused: it is one of 10 entries, and 4 are allowed", "`--max-entries`"],
        ),
        (
            "total",
            whole,
            "--max-unpacked 2kB",
            vec![
                "is refused: with it, all entries unpack to more than 2000 bytes",
                "`--max-unpacked`",
            ],
        ),
        (
            "no-service",
            without(CM),
            "",
            vec!["no webapps/ext-cm-webapp-<version>.war", "cm of the topology needs"],
        ),
        ("no-tomcat", without(TOMCAT), "", vec!["webapps/apache-tomcat-<version>.zip is missing"]),
        (
            "no-tool",
            without(TOOL),
            "",
            vec!["no tools/ext-data-population-cli-<version>.zip", "data-pop-tool"],
        ),
    ]
}

fn of_an_archive_inside() -> Vec<Case> {
    let war = || zip(PLAIN, &webapp());
    let inner = |name: &str| zip(PLAIN, &[named(name, "x")]);
    let cut = war()[..war().len() / 2].to_vec();
    let mut wrong_bytes = webapp();
    wrong_bytes.push(named("page.html", "bytes to change"));
    let wrong_bytes = replaced(zip(OTHER, &wrong_bytes), "bytes to change", "bytes we change");
    vec![
        (
            "slip-in-war",
            with_cm(inner("../../evil")),
            "",
            vec!["!/webapps/ext-cm-webapp-8.5.0.war: the entry `../../evil`"],
        ),
        ("link", with_cm(link()), "", vec![CM, "`WEB-INF/passwd` is refused: it is a link"]),
        (
            "claims-less",
            with_cm(patched(war(), "WEB-INF/classes/A.class", 24, &[7, 0, 0, 0])),
            "",
            vec![CM, "`WEB-INF/classes/A.class` is refused: "],
        ),
        ("changed", with_cm(wrong_bytes), "", vec![CM, "`page.html` is refused"]),
        ("broken-war", with_cm(cut), "", vec![CM, "is not a zip file, or is damaged"]),
        ("no-war", with_cm(b"text".to_vec()), "", vec![CM, "is not a zip file"]),
        (
            "ratio",
            with_cm(zeros(4)),
            "",
            vec![CM, "`zeros` is refused: it grows from", "500 times as many", "`--max-ratio`"],
        ),
        (
            "inside",
            with_cm(zeros(4)),
            "--max-ratio 2000 --max-unpacked 4MB",
            vec![CM, "`zeros` is refused: it unpacks to 4194304 bytes, and 4000000 are allowed"],
        ),
        (
            "together",
            with_cm(zeros(4)),
            "--max-ratio 2000 --max-unpacked 4MiB",
            vec!["the package unpacks to more than 4194304 bytes", "`--max-unpacked`"],
        ),
        ("bad-tomcat", with(TOMCAT, "PK\x03\x04"), "", vec![TOMCAT, "is not a zip file"]),
        ("slip-in-tool", with(TOOL, inner("../evil")), "", vec![TOOL, "`../evil` is refused"]),
        ("slip-in-data", with(DATA, inner("/evil")), "", vec![DATA, "`/evil` is refused"]),
    ]
}

#[tokio::test]
async fn a_bad_package_is_refused_by_name_and_nothing_is_sent() {
    let program = clouddeploy();
    let folder = Utf8Path::from_path(program.folder()).unwrap();
    base(folder);
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    registry.set_nonblocking(true).unwrap();
    let address = registry.local_addr().unwrap();
    for (name, bytes, options, words) in of_the_package().into_iter().chain(of_an_archive_inside())
    {
        fs_err::write(folder.join(format!("{name}.zip")), bytes).unwrap();
        let line = format!(
            "images build --package {name}.zip --base layout:base --registry {address} {options}"
        );
        let ran = program.run(&line).await;
        assert_eq!(ran.code, Some(3), "{name}:\n{ran}");
        for word in words {
            assert!(ran.stderr.contains(word), "{name} does not say `{word}`:\n{ran}");
        }
        assert_eq!(ran.stdout, "", "{name}");
        // The kernel keeps who came.
        let nobody = registry.accept().unwrap_err().kind();
        assert_eq!(nobody, std::io::ErrorKind::WouldBlock, "{name} came to the registry");
    }
    // A good one comes to it, where nobody is any more.
    drop(registry);
    fs_err::write(folder.join("good.zip"), zip(PLAIN, &good())).unwrap();
    let line = format!("images build --package good.zip --base layout:base --registry {address}");
    let ran = program.run(&line).await;
    assert_eq!(ran.code, Some(12), "{ran}");
}

#[tokio::test]
async fn inspect_and_build_refuse_the_same_packages() {
    let program = clouddeploy();
    for (name, bytes, options, words) in of_the_package().into_iter().chain(of_an_archive_inside())
    {
        fs_err::write(program.folder().join(format!("{name}.zip")), bytes).unwrap();
        let ran = program.run(&format!("package inspect {name}.zip {options}")).await;
        assert_eq!(ran.code, Some(3), "{name}:\n{ran}");
        let text = format!("{}{}", ran.stdout, ran.stderr);
        for word in words.iter().filter(|word| !word.starts_with("`--")) {
            assert!(text.contains(word), "{name} does not say `{word}`:\n{ran}");
        }
    }
    fs_err::write(program.folder().join("good.zip"), zip(PLAIN, &good())).unwrap();
    let ran = program.run("package inspect good.zip").await;
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[tokio::test]
async fn limits_that_allow_nothing_are_usage() {
    for option in [
        "--max-entries 0",
        "--max-unpacked 0B",
        "--max-unpacked 20",
        "--max-ratio 0",
        "--max-ratio x",
    ] {
        for line in ["package inspect p.zip", "images build"] {
            let ran = clouddeploy().run(&format!("{line} {option}")).await;
            assert_eq!(ran.code, Some(2), "{line} {option}:\n{ran}");
        }
    }
}
