use std::io::Cursor;

use super::super::tests::{deflated, zip_bytes};
use super::*;

fn pom(group: &str, artifact: &str, version: &str) -> (String, String) {
    (
        format!("META-INF/maven/{group}/{artifact}/pom.properties"),
        format!("#Generated\nversion={version}\ngroupId={group}\nartifactId={artifact}\n"),
    )
}

fn jar(poms: &[(String, String)], manifest: &str) -> Vec<u8> {
    let mut entries = vec![("META-INF/MANIFEST.MF", manifest.as_bytes())];
    entries.extend(poms.iter().map(|(name, text)| (name.as_str(), text.as_bytes())));
    deflated(&entries)
}

fn list(jars: &[(&str, &[u8])]) -> Value {
    let jars = jars.iter().map(|(path, bytes)| ((*path).to_owned(), Cursor::new(*bytes)));
    Sbom::of("cortex", "8.5.0", jars).unwrap().json()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn a_list_is_written_in_full() {
    let lang = jar(&[pom("org.apache.commons", "commons-lang3", "3.12.0")], "");
    let fat = jar(&[pom("org.a", "fat", "1+b"), pom("org.b", "part", "2")], "");
    let mut list = list(&[
        ("/ep/lib/shared/commons-lang3-3.12.0.jar", &lang),
        ("/opt/tomcat/webapps/cortex/WEB-INF/lib/fat-1+b.jar", &fat),
    ]);
    // They depend on what packs the jars of this test.
    let digests = [Digest::of(&lang), Digest::of(&fat)];
    let serial = text(&list, "serialNumber").to_owned();
    assert!(serial.starts_with("urn:uuid:") && serial.as_bytes()[23] == b'8', "{serial}");
    list["serialNumber"] = "urn".into();
    list["metadata"]["tools"]["components"][0]["version"] = "V".into();
    let text = serde_json::to_string_pretty(&list).unwrap();
    let text = text.replace(digests[0].hex(), "LANG").replace(digests[1].hex(), "FAT");
    insta::assert_snapshot!(text);
}

#[test]
fn the_order_of_jars_does_not_matter_and_their_content_does() {
    let (a, b) = (jar(&[pom("g", "a", "1")], ""), jar(&[pom("g", "b", "1")], ""));
    let first = list(&[("/x/a.jar", &a), ("/y/b.jar", &b), ("/y/a.jar", &a)]);
    let second = list(&[("/y/a.jar", &a), ("/y/b.jar", &b), ("/x/a.jar", &a)]);
    assert_eq!(first.to_string(), second.to_string());
    assert_eq!(first["components"].as_array().unwrap().len(), 2, "the same jar is one");
    let other = list(&[("/x/a.jar", &a), ("/y/b.jar", &b)]);
    assert_ne!(other["serialNumber"], first["serialNumber"]);
}

#[test]
fn a_jar_that_does_not_say_is_named_by_its_file_and_manifest() {
    let check = |file: &str, manifest: &str, name: &str, version: &str| {
        let list = list(&[(file, &jar(&[], manifest))]);
        let found = &list["components"][0];
        assert_eq!((text(found, "name"), text(found, "version")), (name, version), "{found}");
    };
    let manifest = "Bundle-SymbolicName: org.a.b;singleton:=true\nBundle-Version: 4\n";
    check("/l/odd_name.jar", manifest, "org.a.b", "4");
    check("/l/thing-1.2.jar", manifest, "thing", "1.2");
    check("/l/plain.jar", "Implementation-Title: Plain\nImplementation-Version: 3\n", "Plain", "3");
    check("/l/nothing.jar", "", "nothing", "");
    let list = list(&[("/l/a b-1+2.jar", &jar(&[], ""))]);
    assert_eq!(text(&list["components"][0], "purl"), "pkg:generic/a%20b@1%2B2");
}

#[test]
fn of_several_parts_the_jar_is_the_one_that_its_file_is_named_after() {
    let poms = [pom("g", "solr", "7"), pom("g", "solr-core", "7"), pom("z", "shaded", "1")];
    let fat = jar(&poms, "");
    let names = |file: &str| -> Vec<String> {
        let list = list(&[(file, &fat)]);
        let own = &list["components"][0];
        let inside = own["components"].as_array().unwrap();
        std::iter::once(own).chain(inside).map(|part| text(part, "name").to_owned()).collect()
    };
    assert_eq!(names("/l/solr-core-7.jar"), ["solr-core", "solr", "shaded"]);
    assert_eq!(names("/l/bundle-1.jar"), ["bundle", "solr", "solr-core", "shaded"]);
}

#[test]
fn a_jar_is_not_what_only_stands_in_it() {
    let one = jar(&[pom("g", "part", "1")], "");
    let check = |file: &str, purl: &str, inside: usize| {
        let list = list(&[(file, &one)]);
        let found = &list["components"][0];
        let parts = found["components"].as_array().map_or(0, Vec::len);
        assert_eq!((text(found, "purl"), parts), (purl, inside), "{file}");
    };
    check("/l/compiler-2.jar", "pkg:generic/compiler@2", 1);
    check("/l/renamed.jar", "pkg:maven/g/part@1", 0);
    check("/l/part-1-linux-x86_64.jar", "pkg:maven/g/part@1?classifier=linux-x86_64", 0);
}

#[test]
fn what_a_build_did_not_fill_in_is_no_name() {
    let list = list(&[("/l/a-1.jar", &jar(&[pom("${group}", "a", "1")], ""))]);
    assert_eq!(text(&list["components"][0], "purl"), "pkg:generic/a@1");
}

#[test]
fn a_jar_that_is_broken_is_listed_and_says_so() {
    let list = list(&[("/l/broken-1.jar", b"no jar")]);
    let found = &list["components"][0];
    assert_eq!(text(found, "name"), "broken");
    assert_eq!(found["properties"][0]["name"], "cloudops:unreadable");
}

#[test]
fn a_jar_with_names_that_a_package_may_not_have_is_still_read() {
    let (name, properties) = pom("g", "a", "1");
    let bytes = zip_bytes(&[("a.class", b""), ("A.class", b""), (&name, properties.as_bytes())]);
    assert_eq!(text(&list(&[("/l/x.jar", &bytes)])["components"][0], "purl"), "pkg:maven/g/a@1");
}
