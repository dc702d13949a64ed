//! A process and all that it started, as `/proc` shows them.

use std::collections::{BTreeMap, BTreeSet};

use fs_err as fs;

/// `root` and its descendants.
pub(super) fn family(root: u32) -> BTreeSet<u32> {
    descend(root, &parents())
}

/// Resident memory of these processes together, in MB (1,000,000 bytes).
pub(super) fn resident(family: &BTreeSet<u32>) -> f64 {
    let kibibytes = |id: &u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        field(&status, "VmRSS:")
    };
    let total: u32 = family.iter().map(kibibytes).sum();
    f64::from(total) * 1.024e-3
}

/// The most resident memory that this process ever had, in MB (1,000,000 bytes).
pub(super) fn high_water(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    f64::from(field(&status, "VmHWM:")) * 1.024e-3
}

/// The parent of every process.
fn parents() -> BTreeMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        Some((id, parent(&stat)?))
    })
    .collect()
}

/// The parent in a line of `stat`. The program's name before it may hold anything.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn descend(root: u32, parents: &BTreeMap<u32, u32>) -> BTreeSet<u32> {
    let mut family = BTreeSet::from([root]);
    loop {
        let children = parents.iter().filter(|(_, parent)| family.contains(parent));
        let children: BTreeSet<u32> = children.map(|(id, _)| *id).collect();
        let before = family.len();
        family.extend(children);
        if family.len() == before {
            return family;
        }
    }
}

fn field(status: &str, name: &str) -> u32 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_children_belong_to_the_family() {
        let parents = BTreeMap::from([(2, 1), (3, 2), (4, 3), (5, 1)]);
        assert_eq!(descend(2, &parents), BTreeSet::from([2, 3, 4]));
    }

    #[test]
    fn what_the_kernel_writes_is_read() {
        assert_eq!(parent("7 (a ) b) S 42 7 7"), Some(42));
        assert_eq!(field("VmHWM:\t 9 kB\nVmRSS:\t  1234 kB\n", "VmRSS:"), 1234);
        assert!(resident(&family(std::process::id())) > 0.1);
    }
}
