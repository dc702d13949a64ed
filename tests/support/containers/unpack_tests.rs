use super::*;

/// A layer of files (`name`, text); a name that ends in `/` is a folder, `a -> b` a link.
fn tarball(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        if let Some((name, link)) = name.split_once(" -> ") {
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, name, link).unwrap();
            continue;
        }
        header.set_size(text.len() as u64);
        if name.ends_with('/') {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
        }
        // `append_data` refuses `..` itself, and the point is a layer that has it.
        let bytes = name.as_bytes();
        header.as_mut_bytes()[..bytes.len()].copy_from_slice(bytes);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn apply(root: &Path, entries: &[(&str, &str)]) -> Result<(), Error> {
    std::fs::create_dir_all(root).unwrap();
    layer(root, tarball(entries).as_slice())
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn white_outs_remove_what_is_below() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    apply(root, &[("a/", ""), ("a/one", "1"), ("a/two", "2"), ("b/", ""), ("b/three", "3")])
        .unwrap();
    apply(root, &[("a/.wh.one", ""), ("b/.wh..wh..opq", ""), ("b/four", "4")]).unwrap();
    assert!(!root.join("a/one").exists());
    assert_eq!(read(root.join("a/two")), "2");
    assert!(!root.join("b/three").exists());
    assert_eq!(read(root.join("b/four")), "4");
}

#[test]
fn a_path_that_goes_up_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let error = apply(&root, &[("../out", "x")]).unwrap_err();
    assert_eq!(error.to_string(), "layer entry leaves the root: ../out");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn links_are_followed_inside_of_the_root_only() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    apply(
        &root,
        &[("up -> ../../..", ""), ("up/tmp-file", "x"), ("abs -> /inner", ""), ("abs/y", "y")],
    )
    .unwrap();
    assert_eq!(read(root.join("tmp-file")), "x");
    assert_eq!(read(root.join("inner/y")), "y");
    assert!(!folder.path().join("tmp-file").exists());
}

#[test]
fn a_ring_of_links_is_refused() {
    let root = tempfile::tempdir().unwrap();
    assert!(apply(root.path(), &[("a -> b", ""), ("b -> a", ""), ("a/x", "x")]).is_err());
}

#[test]
fn a_file_replaces_a_link_and_does_not_write_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let outside = folder.path().join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    std::os::unix::fs::symlink(&outside, root.join("file")).unwrap();
    apply(&root, &[("file", "new")]).unwrap();
    assert_eq!(read(outside), "untouched");
    assert_eq!(read(root.join("file")), "new");
}

#[test]
fn a_clone_links_large_files_and_copies_small_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    apply(&from, &[("small", "s"), ("large", "0123456789")]).unwrap();
    clone_tree(&from, &to, 5).unwrap();
    std::fs::write(to.join("small"), "changed").unwrap();
    assert_eq!(read(from.join("small")), "s");
    let inode = |path: PathBuf| std::fs::metadata(path).unwrap().ino();
    assert_eq!(inode(from.join("large")), inode(to.join("large")));
}
