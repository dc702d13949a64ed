//! Layers into folders: white-outs, and nothing outside of the root.

use super::Error;
use fs_err as fs;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use tar::EntryType;

/// How many links a path may go through, as in the kernel.
const LINKS: usize = 40;

/// Applies one layer to a root.
pub(super) fn layer(root: &Path, source: impl Read) -> Result<(), Error> {
    let mut archive = tar::Archive::new(source);
    let privileged = is_root()?;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let Some(target) = place(root, &name)? else {
            continue;
        };
        if white_out(&target)? {
            continue;
        }
        let header = entry.header();
        let mode = header.mode()? & 0o7777;
        let owner = (u32::try_from(header.uid()?).ok(), u32::try_from(header.gid()?).ok());
        match header.entry_type() {
            EntryType::Directory => make_folder(&target)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                remove(&target)?;
                let mut file = fs::File::create(&target)?;
                std::io::copy(&mut entry, &mut file)?;
            }
            EntryType::Symlink => {
                remove(&target)?;
                let link =
                    entry.link_name()?.ok_or_else(|| Error::Escape(name.display().to_string()))?;
                std::os::unix::fs::symlink(link, &target)?;
            }
            EntryType::Link => {
                let link =
                    entry.link_name()?.ok_or_else(|| Error::Escape(name.display().to_string()))?;
                let from =
                    place(root, &link)?.ok_or_else(|| Error::Escape(name.display().to_string()))?;
                remove(&target)?;
                fs::hard_link(from, &target)?;
                continue;
            }
            // Devices and pipes cannot be made by an ordinary user; /dev comes from the machine.
            _ => continue,
        }
        own(&target, owner, mode, privileged)?;
    }
    Ok(())
}

/// Owner and mode: the owner only where this process may give files away.
fn own(
    target: &Path,
    owner: (Option<u32>, Option<u32>),
    mode: u32,
    privileged: bool,
) -> Result<(), Error> {
    if privileged {
        std::os::unix::fs::lchown(target, owner.0, owner.1)?;
    }
    if !fs::symlink_metadata(target)?.file_type().is_symlink() {
        // The owner keeps access, so that an ordinary user can remove the root again.
        let least = if fs::metadata(target)?.is_dir() { 0o700 } else { 0o400 };
        fs::set_permissions(target, PermissionsExt::from_mode(mode | least))?;
    }
    Ok(())
}

/// Whether this process is root: what it makes then belongs to user 0.
pub(super) fn is_root() -> Result<bool, Error> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// Handles `.wh.name` and `.wh..wh..opq`; gives whether the entry was one of them.
fn white_out(target: &Path) -> Result<bool, Error> {
    let name = target.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let Some(hidden) = name.strip_prefix(".wh.") else {
        return Ok(false);
    };
    let Some(parent) = target.parent() else {
        return Ok(true);
    };
    if hidden == ".wh..opq" {
        for entry in fs::read_dir(parent)? {
            remove(&entry?.path())?;
        }
    } else if !hidden.is_empty() && hidden != "." && hidden != ".." {
        remove(&parent.join(hidden))?;
    }
    Ok(true)
}

fn make_folder(target: &Path) -> Result<(), Error> {
    if !fs::symlink_metadata(target).is_ok_and(|found| found.is_dir()) {
        remove(target)?;
        fs::create_dir_all(target)?;
    }
    Ok(())
}

/// Removes what is at a path, without following a link.
fn remove(target: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(target) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(target)?,
        Ok(_) => fs::remove_file(target)?,
        Err(_) => {}
    }
    Ok(())
}

/// Where an entry goes: its folders are made, links among them are followed inside of the root
/// only, the last part is not followed. `None` for the root itself.
pub(super) fn place(root: &Path, name: &Path) -> Result<Option<PathBuf>, Error> {
    let mut parts: Vec<&OsStr> = Vec::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::Escape(name.display().to_string()));
            }
        }
    }
    let Some((last, folders)) = parts.split_last() else {
        return Ok(None);
    };
    let mut at = root.to_path_buf();
    let mut links = 0;
    for folder in folders {
        at = step(root, &at, folder, &mut links)?;
        fs::create_dir_all(&at)?;
    }
    Ok(Some(at.join(last)))
}

/// One step down from `at`, following links as if `root` were `/`.
fn step(root: &Path, at: &Path, part: &OsStr, links: &mut usize) -> Result<PathBuf, Error> {
    let next = at.join(part);
    if !fs::symlink_metadata(&next).is_ok_and(|found| found.file_type().is_symlink()) {
        return Ok(next);
    }
    *links += 1;
    if *links > LINKS {
        return Err(Error::Escape(next.display().to_string()));
    }
    let link = fs::read_link(&next)?;
    let mut at = if link.is_absolute() { root.to_path_buf() } else { at.to_path_buf() };
    for part in link.components() {
        match part {
            Component::Normal(part) => at = step(root, &at, part, links)?,
            // Above the root is the root, as in a chroot.
            Component::ParentDir if at != root => at = at.parent().unwrap_or(root).to_path_buf(),
            _ => {}
        }
    }
    Ok(at)
}

/// Copies a tree. Files of at least `link_from` bytes are hard links, which costs nothing; smaller
/// ones are copies, so that a container that writes into one does not change the image. With
/// `u64::MAX` everything is linked: layers replace files, they never write into them.
pub(super) fn clone_tree(from: &Path, to: &Path, link_from: u64) -> Result<(), Error> {
    let privileged = is_root()?;
    clone_folder(from, to, link_from, privileged)
}

fn clone_folder(from: &Path, to: &Path, link_from: u64, privileged: bool) -> Result<(), Error> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let found = fs::symlink_metadata(&source)?;
        if found.is_dir() {
            clone_folder(&source, &target, link_from, privileged)?;
        } else if found.file_type().is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else if link_from == u64::MAX || found.len() >= link_from {
            fs::hard_link(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
            own(
                &target,
                (Some(found.uid()), Some(found.gid())),
                found.mode() & 0o7777,
                privileged,
            )?;
        }
    }
    let found = fs::metadata(from)?;
    own(to, (Some(found.uid()), Some(found.gid())), found.mode() & 0o7777, privileged)
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
