use std::io::Write;

use super::*;

const SMALL: Limits = Limits { entries: 20, bytes: 4 << 20, ratio: 100 };

/// An entry of an archive: name, mode, content or target.
type Entry<'a> = (&'a str, u32, &'a [u8]);

fn tar_gz(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), Default::default()));
    for (name, mode, content) in entries {
        let mut header = tar::Header::new_gnu();
        let link = mode & 0o170_000 == 0o120_000;
        let hard = mode & 0o200_000 != 0;
        header.set_mode(mode & 0o777);
        // Written raw: a builder would refuse the bad names that are wanted here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(match () {
            () if link => tar::EntryType::Symlink,
            () if hard => tar::EntryType::Link,
            () if *mode == 0o020_000 => tar::EntryType::Char,
            () => tar::EntryType::Regular,
        });
        if link || hard {
            header.as_old_mut().linkname[..content.len()].copy_from_slice(content);
        }
        let content: &[u8] = if link || hard { b"" } else { content };
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(mode & 0o777);
        if mode & 0o170_000 == 0o120_000 {
            zip.add_symlink(*name, std::str::from_utf8(content).unwrap(), options).unwrap();
            continue;
        }
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn run(bytes: &[u8], kind: ArchiveKind, limits: Limits) -> Result<(String, Vec<String>), String> {
    let dir = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(dir.path()).unwrap();
    let (archive, into) = (root.join("archive"), root.join("into"));
    std::fs::write(&archive, bytes).unwrap();
    std::fs::create_dir(&into).unwrap();
    let cancel = CancellationToken::new();
    let result = unpack(&archive, "c.archive", kind, &into, limits, &cancel);
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 2, "nothing is written outside");
    let top = result.map_err(|error| error.to_string())?;
    let files = crate::source::tree::read(&top, &cancel).map_err(|error| error.to_string())?;
    let shown = files.iter().map(|file| format!("{:?} {}", file.kind, file.path)).collect();
    Ok((crate::source::tree::digest(&files).to_string(), shown))
}

#[test]
fn a_tree_is_the_same_from_zip_and_tar_with_and_without_a_top_folder() {
    let entries: [Entry<'_>; 4] = [
        ("c/a", 0o644, b"a"),
        ("c/grün/run.sh", 0o755, b"#!"),
        ("c/empty", 0o644, b""),
        ("c/link", 0o120_777, b"a"),
    ];
    let bare: Vec<Entry<'_>> =
        entries.iter().map(|(name, mode, c)| (&name[2..], *mode, *c)).collect();
    let first = run(&tar_gz(&entries), ArchiveKind::TarGz, SMALL).unwrap();
    assert_eq!(first.1, ["File a", "File empty", "Executable grün/run.sh", "Link link"]);
    assert_eq!(run(&zip(&entries), ArchiveKind::Zip, SMALL).unwrap(), first);
    assert_eq!(run(&zip(&bare), ArchiveKind::Zip, SMALL).unwrap(), first);
    let plain = std::io::read_to_string(flate2::read::GzDecoder::new(&tar_gz(&bare)[..])).unwrap();
    let zst = zstd::encode_all(plain.as_bytes(), 1).unwrap();
    assert_eq!(run(&zst, ArchiveKind::TarZst, SMALL).unwrap(), first);
}

#[test]
fn entries_that_are_not_safe_are_refused_by_name() {
    let cases: [(&[Entry<'_>], &str); 10] = [
        (&[("../evil", 0o644, b"")], "`../evil` is refused: its name leads out"),
        (&[("/etc/evil", 0o644, b"")], "`/etc/evil` is refused: its name is absolute"),
        (&[("a\\b", 0o644, b"")], "has a character"),
        (&[("a", 0o644, b""), ("a", 0o644, b"")], "another entry has the same name"),
        (&[("a", 0o644, b""), ("a/b", 0o644, b"")], "`a` is not a folder"),
        (&[("out", 0o120_777, b"../x")], "`out` is refused: it is a link that leads out"),
        (&[("d", 0o120_777, b"/tmp"), ("d/x", 0o644, b"")], "`d` is not a folder"),
        (&[("h", 0o200_644, b"../../etc/passwd")], "it is a hard link"),
        (&[("h", 0o200_644, b"later"), ("later", 0o644, b"")], "no file before it"),
        (&[("dev", 0o020_000, b"")], "neither file, folder nor link"),
    ];
    for (entries, expected) in cases {
        let error = run(&tar_gz(entries), ArchiveKind::TarGz, SMALL).unwrap_err();
        assert!(error.starts_with("c.archive") && error.contains(expected), "{error}");
    }
    let error = run(&zip(&[("../evil", 0o644, b"")]), ArchiveKind::Zip, SMALL).unwrap_err();
    assert!(error.contains("`../evil` is refused: its name leads out"), "{error}");
}

#[test]
fn a_hard_link_to_an_earlier_file_is_a_copy() {
    let entries: [Entry<'_>; 2] = [("a", 0o755, b"x"), ("b", 0o200_644, b"a")];
    let (_, files) = run(&tar_gz(&entries), ArchiveKind::TarGz, SMALL).unwrap();
    assert_eq!(files, ["Executable a", "Executable b"]);
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 3 << 20];
    let error = run(&tar_gz(&[("z", 0o644, &zeros)]), ArchiveKind::TarGz, SMALL).unwrap_err();
    assert!(error.contains("at entry `z`: it unpacks to more than 100 times its size"), "{error}");
    let error = run(&zip(&[("z", 0o644, &zeros)]), ArchiveKind::Zip, SMALL).unwrap_err();
    assert!(error.contains("at entry `z`: it unpacks to more than 100 times"), "{error}");
    let bytes = Limits { bytes: 1 << 10, ..SMALL };
    let error = run(&zip(&[("z", 0o644, &zeros)]), ArchiveKind::Zip, bytes).unwrap_err();
    assert!(error.contains("more than 1024 bytes"), "{error}");
    let entries = Limits { entries: 1, ..SMALL };
    let two: [Entry<'_>; 2] = [("a", 0o644, b""), ("b", 0o644, b"")];
    let error = run(&zip(&two), ArchiveKind::Zip, entries).unwrap_err();
    assert!(error.contains("at entry `b`: it has more than 1 entries"), "{error}");
}

#[test]
fn what_is_cut_off_or_another_thing_is_damaged() {
    let noise: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let entries: [Entry<'_>; 1] = [("a", 0o644, &noise)];
    let (tar, zipped) = (tar_gz(&entries), zip(&entries));
    for length in [0, 10, tar.len() / 2, tar.len() - 4] {
        assert!(run(&tar[..length], ArchiveKind::TarGz, SMALL).is_err(), "{length}");
    }
    for length in [0, zipped.len() / 2, zipped.len() - 4] {
        assert!(run(&zipped[..length], ArchiveKind::Zip, SMALL).is_err(), "{length}");
    }
    for kind in [ArchiveKind::Zip, ArchiveKind::TarGz, ArchiveKind::TarZst] {
        let error = run(b"these are notes", kind, SMALL).unwrap_err();
        assert!(error.starts_with("c.archive is damaged, or not the kind"), "{error}");
    }
}

#[test]
fn what_cannot_be_read_or_named_is_refused() {
    let mut encrypted = zip(&[("secret", 0o644, b"x")]);
    // Bit 0 of the flags, in the entry and in the directory, says that it is encrypted.
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let place = encrypted.windows(4).position(|bytes| bytes == signature).unwrap();
        encrypted[place + flags] |= 1;
    }
    let error = run(&encrypted, ArchiveKind::Zip, SMALL).unwrap_err();
    assert!(error.contains("`secret` is refused: it is encrypted"), "{error}");

    let other = |bytes: Vec<u8>| -> Vec<u8> {
        bytes.iter().map(|byte| if *byte == b'?' { 0xff } else { *byte }).collect()
    };
    let error = run(&other(zip(&[("gr?n", 0o644, b"x")])), ArchiveKind::Zip, SMALL).unwrap_err();
    assert!(error.contains("its name is not UTF-8"), "{error}");
}

#[test]
fn names_that_differ_in_case_are_two_files() {
    let entries: [Entry<'_>; 2] = [("Readme", 0o644, b"a"), ("README", 0o644, b"b")];
    for (bytes, kind) in [(zip(&entries), ArchiveKind::Zip), (tar_gz(&entries), ArchiveKind::TarGz)]
    {
        assert_eq!(run(&bytes, kind, SMALL).unwrap().1, ["File README", "File Readme"]);
    }
}
