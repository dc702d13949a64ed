use super::super::Package;
use super::super::tests::{EMPTY_ZIP, deflated, file, zip_bytes};
use camino::Utf8Path;

use super::*;

type Pack = fn(&[(&str, &[u8])]) -> Vec<u8>;

fn look(bytes: &[u8], needed: &[Needed]) -> Inspection {
    let file = file(bytes);
    inspect(Utf8Path::from_path(file.path()).unwrap(), Limits::default(), needed).unwrap()
}

fn reasons(found: &Inspection) -> Vec<String> {
    // The file has another name each time.
    let name = found.name.as_str();
    found.refused.iter().map(|error| error.to_string().replace(name, "p.zip")).collect()
}

/// A package of two web applications that share a jar.
fn package(pack: Pack) -> Vec<u8> {
    let jar = |text: &str| deflated(&[("a.class", text.as_bytes())]);
    let (both, one) = (jar("both"), jar("one"));
    let cortex = pack(&[
        ("WEB-INF/lib/both-1.jar", both.as_slice()),
        ("WEB-INF/lib/same-1.jar", &one),
        ("index.html", b"hello"),
    ]);
    let cm =
        pack(&[("WEB-INF/lib/both-1.jar", both.as_slice()), ("WEB-INF/lib/same-1.jar", &both)]);
    pack(&[
        ("database/ext-data-8.3.0.jar", EMPTY_ZIP),
        ("database/jdbc/mysql-connector-java-8.0.25.jar", EMPTY_ZIP),
        ("plugins/plugins.json", b"{}"),
        ("tools/ext-data-population-cli-8.3.0-package.zip", EMPTY_ZIP),
        ("webapps/apache-tomcat-9.0.50.zip", EMPTY_ZIP),
        ("webapps/ext-cm-webapp-8.3.0.war", &cm),
        ("webapps/ext-cortex-webapp-8.3.0.war", &cortex),
    ])
}

#[test]
fn all_that_is_in_a_package_is_told() {
    for pack in [zip_bytes as Pack, deflated] {
        let found = look(&package(pack), &[]);
        assert_eq!(reasons(&found), [""; 0]);
        assert_eq!(found.suite.as_deref(), Some("8.3.0"));
        let (spec, source) = found.needs.as_ref().unwrap();
        assert_eq!((spec.java.as_str(), *source), ("8", SpecSource::Table));
        assert_eq!(found.tools[0].version.as_deref(), Some("8.3.0"));
        let cortex = &found.webapps[1];
        assert_eq!((cortex.files, cortex.jars.len()), (3, 2));
        assert_eq!(cortex.jars[0].name, "both-1.jar");
        let jar = deflated(&[("a.class", b"both".as_slice())]);
        assert_eq!(cortex.jars[0].digest, Some(Digest::of(&jar)));
        // The jar of the same name with other content is not the same jar.
        assert_eq!(found.shared.len(), 1, "{:?}", found.shared);
        assert_eq!(found.shared[0].webapps, ["ext-cm-webapp", "ext-cortex-webapp"]);
        assert_eq!(found.saved(), jar.len() as u64);
    }
}

#[test]
fn what_a_topology_needs_and_the_package_lacks_is_told() {
    let webapp = |artifact: &str, user: &str| Needed::WebApp {
        artifact: artifact.to_owned(),
        user: user.to_owned(),
    };
    let tool =
        |artifact: &str| Needed::Tool { artifact: artifact.to_owned(), user: "t".to_owned() };
    let needed = [
        webapp("ext-cm-webapp", "cm"),
        webapp("ext-batch-webapp", "batch"),
        tool("ext-data-population-cli"),
        tool("ext-data"),
        tool("ext-sync-cli"),
    ];
    let lacks = reasons(&look(&package(zip_bytes), &needed));
    assert_eq!(
        lacks,
        [
            "p.zip has no webapps/ext-batch-webapp-<version>.war, which batch of the topology needs",
            "p.zip has no tools/ext-data-<version>.zip, which t of the topology needs",
            "p.zip has no tools/ext-sync-cli-<version>.zip, which t of the topology needs",
        ]
    );
}

#[test]
fn every_reason_is_told_and_the_rest_is_read() {
    let war = zip_bytes(&[
        ("../evil", b"".as_slice()),
        ("WEB-INF/lib/broken.jar", b"no jar"),
        ("WEB-INF/lib/good.jar", EMPTY_ZIP),
    ]);
    let found = look(
        &zip_bytes(&[
            ("/etc/passwd", b"".as_slice()),
            ("ops-spec.json", b"[]"),
            ("webapps/a-1.war", b"no war"),
            ("webapps/b-1.war", &war),
            ("webapps/c.war", EMPTY_ZIP),
        ]),
        &[],
    );
    assert_eq!(
        reasons(&found),
        [
            "p.zip: the entry `/etc/passwd` is refused: its name is not a relative path",
            "p.zip is not a deployment package: webapps/apache-tomcat-<version>.zip is missing (it holds ops-spec.json, webapps)",
            "p.zip is not a deployment package: a jar in database/ is missing (it holds ops-spec.json, webapps)",
            "p.zip: the entry `webapps/c.war` is refused: its name has no version",
            "p.zip: the entry `webapps/a-1.war` is refused: it is not a zip, or not a whole one",
            "p.zip!/webapps/b-1.war: the entry `../evil` is refused: its name leads out of the package",
            "p.zip!/webapps/b-1.war: the entry `WEB-INF/lib/broken.jar` is refused: it is not a zip, or not a whole one",
            "p.zip: the entry `ops-spec.json` is refused: invalid length 0, expected struct OpsSpec with 2 elements at line 1 column 2",
        ]
    );
    let jars: Vec<bool> = found.webapps[1].jars.iter().map(|jar| jar.digest.is_some()).collect();
    assert_eq!(jars, [false, true]);
}

/// Inspecting finds a reason exactly when opening and checking does.
#[track_caller]
fn agrees(bytes: &[u8], what: &str) -> bool {
    let file = file(bytes);
    let path = Utf8Path::from_path(file.path()).unwrap();
    let found = inspect(path, Limits::default(), &[]);
    let good = found.as_ref().is_ok_and(|found| found.refused.is_empty());
    let checked = Package::open(path).and_then(|package| package.check_contents());
    assert_eq!(good, checked.is_ok(), "{what}: {found:#?} <> {checked:?}");
    good
}

#[test]
fn both_ways_to_check_a_package_agree_on_the_seeds_of_the_fuzzer() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/corpus/package");
    let mut good = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if agrees(&std::fs::read(&path).unwrap(), &name) {
            good.push(name);
        }
    }
    // What the fuzzer found on this machine may be there too.
    for seed in ["deflated", "mixed", "stored"] {
        assert!(good.iter().any(|name| name == seed), "{seed} of {good:?}");
    }
    for seed in ["slip", "twice", "case", "link", "encrypted", "size", "bomb", "broken-war"] {
        assert!(!good.iter().any(|name| name == seed), "{seed}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_byte_is_changed_nothing_panics_and_both_ways_agree(
        at in proptest::prelude::any::<proptest::sample::Index>(),
        byte in proptest::prelude::any::<u8>(),
    ) {
        let mut bytes = package(zip_bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agrees(&bytes, "a changed byte");
    }
}

#[test]
fn what_is_wrong_in_every_archive_that_is_opened_is_told() {
    let bad = zip_bytes(&[("../evil", b"".as_slice())]);
    let bytes = zip_bytes(&[
        ("database/ext-data-8.3.0.jar", bad.as_slice()),
        ("tools/ext-data-population-cli-8.3.0.zip", &bad),
        ("tools/ext-sync-cli-8.3.0.zip", &bad),
        ("webapps/apache-tomcat-9.0.50.zip", &bad),
        ("webapps/ext-cm-webapp-8.3.0.war", EMPTY_ZIP),
    ]);
    let (artifact, user) = ("ext-data-population-cli".to_owned(), "data-pop-tool".to_owned());
    let found = look(&bytes, &[Needed::Tool { artifact, user }]);
    let reason = "the entry `../evil` is refused: its name leads out of the package";
    let wanted = [
        format!("p.zip!/webapps/apache-tomcat-9.0.50.zip: {reason}"),
        format!("p.zip!/database/ext-data-8.3.0.jar: {reason}"),
        // The other tool is in no image.
        format!("p.zip!/tools/ext-data-population-cli-8.3.0.zip: {reason}"),
    ];
    assert_eq!(reasons(&found), wanted);
    agrees(&bytes, "archives inside");
}
