//! Packages that are as they should be, and all the ways in which they can be wrong.

use std::io::{Cursor, Read as _, Write as _};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::diagnose::{Class, Diagnose as _};

pub(super) fn zip_bytes(entries: &[(&str, &[u8])]) -> Vec<u8> {
    packed(CompressionMethod::Stored, entries)
}

pub(super) fn deflated(entries: &[(&str, &[u8])]) -> Vec<u8> {
    packed(CompressionMethod::Deflated, entries)
}

fn packed(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(super) fn zip(entries: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    file(&zip_bytes(entries))
}

fn open(file: &tempfile::NamedTempFile) -> Result<Package, PackageError> {
    Package::open(Utf8Path::from_path(file.path()).unwrap())
}

/// An archive named `p.zip`, read where it stands.
pub(super) fn archive(bytes: &[u8], limits: Limits) -> Result<Archive<Nested>, PackageError> {
    let file = file(bytes);
    let bytes = Nested::open(Utf8Path::from_path(file.path()).unwrap()).unwrap();
    Archive::within("p.zip", bytes, limits)
}

/// The least zip: its directory, which is empty.
pub(super) const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

pub(super) const GOOD: [(&str, &[u8]); 4] = [
    ("webapps/ext-cortex-webapp-8.5.0.war", EMPTY_ZIP),
    ("webapps/apache-tomcat-9.0.70.zip", EMPTY_ZIP),
    ("database/ext-data-8.5.0.jar", EMPTY_ZIP),
    ("ops-spec.json", br#"{"java":"17","tomcat":"9.0.70"}"#),
];

#[test]
fn a_package_is_read() {
    let package = open(&zip(&GOOD)).unwrap();
    assert_eq!(package.webapps()[0].artifact, "ext-cortex-webapp");
    assert_eq!(package.webapps()[0].version, "8.5.0");
    assert_eq!(package.spec().unwrap().java, "17");
    assert_eq!(package.spec_source(), Some(SpecSource::Package));
}

#[test]
fn a_suite_that_does_not_say_what_it_needs_is_in_the_table() {
    let mut entries = GOOD[..3].to_vec();
    assert_eq!(open(&zip(&entries)).unwrap().spec(), None, "8.5 says it itself");
    entries[0].0 = "webapps/ext-cortex-webapp-8.3.0.war";
    let package = open(&zip(&entries)).unwrap();
    assert_eq!(package.spec().unwrap().tomcat, "9.0.50");
    assert_eq!(package.spec_source(), Some(SpecSource::Table));
}

#[test]
fn what_is_not_a_package_says_why() {
    let check = |file: &tempfile::NamedTempFile, expect: &str| {
        let error = open(file).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(&zip(&[("readme.txt", b"".as_slice())]), "a WAR in webapps/ is missing");
    check(&zip(&GOOD[..1]), "apache-tomcat");
    check(&zip(&[("../evil", b"".as_slice())]), "../evil");
    check(&zip(&[("/etc/passwd", b"".as_slice())]), "/etc/passwd");
    check(&zip(&[("a", b"".as_slice()), ("A", b"")]), "differ only by case");
    check(&file(b"not a zip"), "is not a zip file");
    let mut wrong = GOOD;
    wrong[3].1 = b"{}";
    check(&zip(&wrong), "`ops-spec.json` is refused: missing field `java`");
}

#[test]
fn a_zip_in_a_zip_in_a_zip_is_opened_stored_or_packed() {
    for inner in [zip_bytes, deflated] {
        for outer in [zip_bytes, deflated] {
            let jar = inner(&[("a.class", b"bytes".as_slice())]);
            let war = outer(&[("WEB-INF/lib/a.jar", jar.as_slice()), ("index.html", b"hello")]);
            let package = inner(&[("before", b"".as_slice()), ("webapps/a-1.war", &war)]);
            let mut package = archive(&package, Limits::default()).unwrap();
            let mut war = package.open_nested("webapps/a-1.war").unwrap();
            assert_eq!(war.name(), "p.zip!/webapps/a-1.war");
            let mut jar = war.open_nested("WEB-INF/lib/a.jar").unwrap();
            assert_eq!(jar.read("a.class").unwrap(), b"bytes");
            let mut page = String::new();
            war.nested("index.html").unwrap().read_to_string(&mut page).unwrap();
            assert_eq!(page, "hello");
        }
    }
}

/// What opening the WAR in a package says, for a package that stores it and one that packs it.
#[track_caller]
fn says(war: &[u8], expect: &str) {
    for outer in [zip_bytes, deflated] {
        let package = outer(&[("webapps/a-1.war", war)]);
        let mut package = archive(&package, Limits::default()).unwrap();
        let error = package.open_nested("webapps/a-1.war").unwrap_err().to_string();
        assert!(error.starts_with("p.zip!/webapps/a-1.war"), "{error}");
        assert!(error.contains(expect), "{error} <> {expect}");
    }
}

#[test]
fn a_broken_war_is_named_with_its_package_and_its_own_entry() {
    let war = deflated(&[("WEB-INF/web.xml", [b'x'; 100].as_slice())]);
    says(&war[..war.len() - 30], "is not a zip file, or is damaged");
    says(b"", "is not a zip file, or is damaged");
    says(&zip_bytes(&[("../evil", b"".as_slice())]), "`../evil` is refused: its name leads out");
    says(&zip_bytes(&[("C:\\evil", b"".as_slice())]), "is not a relative path");
    says(&zip_bytes(&[("a", b"".as_slice()), ("A", b"")]), "differ only by case");
}

/// Writes a number into the directory's header of the first entry.
fn patched(mut zip: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let header = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    zip[header + at..header + at + bytes.len()].copy_from_slice(bytes);
    zip
}

#[test]
fn encrypted_entries_links_and_other_methods_are_refused() {
    let one = || zip_bytes(&[("secret", b"x".as_slice())]);
    says(&patched(one(), 8, &[1, 0]), "`secret` is refused: it is encrypted");
    says(&patched(one(), 10, &[12, 0]), "`secret` is refused: it is packed in a way");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("way", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    says(&writer.finish().unwrap().into_inner(), "`way` is refused: it is a link");
}

#[test]
fn an_entry_that_is_there_twice_is_named() {
    let zip = zip_bytes(&[("first", b"x".as_slice()), ("other", b"y")]);
    let at = zip.windows(5).rposition(|bytes| bytes == b"other").unwrap();
    let mut zip = zip;
    zip[at..at + 5].copy_from_slice(b"first");
    says(&zip, "`first` is refused: there are two entries of this name");
}

#[test]
fn lies_about_sizes_are_found() {
    let stored = zip_bytes(&[("page", b"four".as_slice())]);
    says(&patched(stored, 24, &[9, 0, 0, 0]), "`page` is refused: it is stored as it is, and says");
    let war = || deflated(&[("page", [b'x'; 100].as_slice())]);
    for size in [99u8, 101] {
        let package = zip_bytes(&[("a.war", &patched(war(), 24, &[size, 0, 0, 0]))]);
        let mut package = archive(&package, Limits::default()).unwrap();
        let mut war = package.open_nested("a.war").unwrap();
        let error = war.read("page").unwrap_err().to_string();
        assert!(error.starts_with("p.zip!/a.war: the entry `page` is refused: "), "{error}");
    }
    // The header of the entry says another length of its name than the directory.
    let mut package = zip_bytes(&[("a.war", EMPTY_ZIP)]);
    package[26] = 200;
    let mut package = archive(&package, Limits::default()).unwrap();
    let error = package.open_nested("a.war").unwrap_err().to_string();
    assert!(error.contains("`a.war` is refused: it ends behind the end"), "{error}");
}

#[test]
fn a_file_is_no_folder() {
    let zip = zip_bytes(&[("a/b/c", b"".as_slice()), ("a/b", b"")]);
    says(&zip, "`a/b/c` is refused: its folder is a file too");
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let bytes = [b'x'; 200];
    let zip = zip_bytes(&[("a", bytes.as_slice()), ("b", b"")]);
    // The second entry of the directory becomes the first one's bytes.
    let second = zip.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    let first = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let mut zip = zip;
    let (sizes, place) =
        (zip[first + 16..first + 28].to_vec(), zip[first + 42..first + 46].to_vec());
    zip[second + 16..second + 28].copy_from_slice(&sizes);
    zip[second + 42..second + 46].copy_from_slice(&place);
    says(&zip, "is refused: its entries overlap");
}

#[test]
fn a_truncated_package_is_refused_wherever_it_ends() {
    let whole = deflated(&GOOD);
    for length in 0..whole.len() {
        let error = archive(&whole[..length], Limits::default()).map(|archive| archive.names());
        assert!(error.is_err(), "{length} of {} bytes: {error:?}", whole.len());
    }
}

#[test]
fn a_writer_that_fails_is_not_the_fault_of_the_entry() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let zip = deflated(&[("page", b"text".as_slice())]);
    let mut archive = archive(&zip, Limits::default()).unwrap();
    let error = archive.copy("page", &mut Full).unwrap_err();
    assert!(matches!(error, PackageError::Io(_)), "{error}");
    assert_eq!(error.class(), Class::NeedsOperator);
    let missing = Package::open(Utf8Path::new("/nowhere/p.zip")).unwrap_err();
    assert_eq!(missing.class(), Class::Configuration);
    let folder = Package::open(Utf8Path::new("/")).unwrap_err();
    assert_eq!(folder.class(), Class::Configuration, "{folder}");
}
