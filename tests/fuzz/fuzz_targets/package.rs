//! Any bytes as a deployment package: reading them ends, within the limits, without a panic, and
//! the two ways to check a package agree.
#![no_main]

use std::{
    cell::RefCell,
    io::{Cursor, Seek as _, Write as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::package::{
    Limits, Package,
    inspect::{Inspection, inspect},
    sbom::{JarFacts, Sbom},
};
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

/// Small enough that a bomb which gets through is seen as a slow run or as much memory.
const LIMITS: Limits = Limits { entries: 1000, bytes: 8 << 20, ratio: 500 };

thread_local! {
    static FILE: RefCell<Option<NamedTempFile>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    let path = written(bytes);
    let found = inspect(&path, LIMITS, &[]);
    let opened = Package::open_within(&path, LIMITS);
    let checked = opened.and_then(|package| package.check_contents());
    let good = found.as_ref().is_ok_and(|found| found.refused.is_empty());
    assert_eq!(good, checked.is_ok(), "{found:#?} <> {checked:?}");
    if let Ok(found) = &found {
        within_limits(found);
    }
    list(bytes);
});

fn written(bytes: &[u8]) -> Utf8PathBuf {
    FILE.with_borrow_mut(|file| {
        let file = file.get_or_insert_with(|| NamedTempFile::new().expect("a file"));
        file.as_file().set_len(0).expect("an empty file");
        file.rewind().expect("its begin");
        file.write_all(bytes).expect("room for the bytes");
        Utf8Path::from_path(file.path()).expect("a path in UTF-8").to_owned()
    })
}

fn within_limits(found: &Inspection) {
    for webapp in &found.webapps {
        assert!(webapp.files <= LIMITS.entries, "{webapp:?}");
        assert!(webapp.unpacked <= LIMITS.bytes, "{webapp:?}");
    }
}

/// The same bytes as a jar: its list is the same one each time.
fn list(bytes: &[u8]) {
    let facts = JarFacts::read("a-1.jar", Cursor::new(bytes)).expect("bytes in memory");
    let mut sbom = Sbom::new("image", "1");
    sbom.add("/a-1.jar", &facts);
    let first = sbom.json().to_string();
    sbom.add("/a-1.jar", &facts);
    assert_eq!(sbom.json().to_string(), first);
}
