//! Whether a symbolic link stays inside the tree that it belongs to.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

/// Links that a link may lead through, as Linux counts them.
const DEEPEST: usize = 40;

/// Links of a tree: where each is, and what it says.
pub(super) type Links = BTreeMap<Utf8PathBuf, String>;

/// The first link that leads out of the tree, through other links if need be.
pub(super) fn first_that_leaves(links: &Links) -> Option<(&Utf8Path, &str)> {
    let leaves = |(path, target): &(&Utf8PathBuf, &String)| !stays(links, path, target);
    links.iter().find(leaves).map(|(path, target)| (path.as_path(), target.as_str()))
}

/// Walks as the kernel would: what a link leads to is not known from its text alone, because
/// `..` behind a link to a folder goes up from where that folder really is.
fn stays(links: &Links, link: &Utf8Path, target: &str) -> bool {
    let mut at = link.parent().unwrap_or(Utf8Path::new("")).to_owned();
    let mut open: Vec<String> = reversed(target);
    let mut followed = 1;
    if target.starts_with('/') || target.is_empty() {
        return false;
    }
    while let Some(part) = open.pop() {
        match part.as_str() {
            "" | "." => {}
            ".." => {
                if !at.pop() {
                    return false;
                }
            }
            name => {
                at.push(name);
                let Some(next) = links.get(&at) else { continue };
                followed += 1;
                // A ring of links leads nowhere, and so not out either.
                if followed > DEEPEST {
                    return true;
                }
                if next.starts_with('/') {
                    return false;
                }
                at.pop();
                open.extend(reversed(next));
            }
        }
    }
    true
}

fn reversed(target: &str) -> Vec<String> {
    target.split('/').rev().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(links: &[(&str, &str)]) -> Option<String> {
        let links = links.iter().map(|(path, to)| (Utf8PathBuf::from(path), (*to).to_owned()));
        first_that_leaves(&links.collect()).map(|(path, _)| path.to_string())
    }

    #[test]
    fn links_inside_the_tree_stay() {
        assert_eq!(leaves(&[("a", "b"), ("c/d", "../a"), ("c/e", "./f/../../g")]), None);
        assert_eq!(leaves(&[("a", "b"), ("b", "a")]), None, "a ring");
        assert_eq!(leaves(&[("x/here", "."), ("gone", "not/there")]), None);
    }

    #[test]
    fn links_that_lead_out_are_found_also_through_others() {
        assert_eq!(leaves(&[("a", "/etc/passwd")]).as_deref(), Some("a"));
        assert_eq!(leaves(&[("a", "")]).as_deref(), Some("a"));
        assert_eq!(leaves(&[("a", "..")]).as_deref(), Some("a"));
        assert_eq!(leaves(&[("a/b", "../../c")]).as_deref(), Some("a/b"));
        // By its text it stays, but `d` is the top already.
        assert_eq!(leaves(&[("s/d", ".."), ("s/l", "d/../x")]).as_deref(), Some("s/l"));
    }
}
