//! Who may depend on whom, asked of cargo.

use super::Violation;
use crate::command;
use crate::failure::Outcome;
use crate::workspace::Workspace;

/// A package and what must not be in its tree.
struct Ban {
    package: &'static str,
    banned: &'static [&'static str],
    why: &'static str,
}

const APART: &str = "the programs talk only through the state in S3";

const BANS: [Ban; 6] = [
    Ban {
        package: "cloudops-aws",
        banned: &["clap", "indicatif", "anstream", "comfy-table"],
        why: "without the feature `terminal` the library knows no terminal",
    },
    Ban {
        package: "cloudops-aws",
        banned: &[
            "native-tls",
            "openssl-sys",
            "cloudops-templates",
            "cloudcore",
            "cloudteam",
            "clouddeploy",
        ],
        why: "the library stands alone, with one TLS stack",
    },
    Ban { package: "cloudcore", banned: &["cloudteam", "clouddeploy", "cloudops-e2e"], why: APART },
    Ban { package: "cloudteam", banned: &["cloudcore", "clouddeploy", "cloudops-e2e"], why: APART },
    Ban { package: "clouddeploy", banned: &["cloudcore", "cloudteam", "cloudops-e2e"], why: APART },
    Ban {
        package: "cloudops-e2e",
        banned: &["cloudcore", "cloudteam", "clouddeploy"],
        why: "journeys run the programs, they do not link them",
    },
];

/// All violations in the normal dependencies of the packages.
pub(super) fn check(workspace: &Workspace) -> Outcome<Vec<Violation>> {
    let mut found = Vec::new();
    for ban in &BANS {
        let mut cargo = workspace.cargo();
        cargo.args(["tree", "--quiet", "-p", ban.package, "-e", "normal", "--prefix", "none"]);
        cargo.env("CARGO_TERM_COLOR", "never");
        found.extend(judge(ban, &command::capture(&mut cargo)?, &manifest(workspace, ban.package)));
    }
    Ok(found)
}

fn manifest(workspace: &Workspace, package: &str) -> String {
    let folder =
        if package == "cloudops-e2e" { "tests".into() } else { format!("crates/{package}") };
    let path = std::path::Path::new(&folder).join("Cargo.toml");
    debug_assert!(workspace.manifests().contains(&path), "{path:?} is no member");
    path.to_string_lossy().into_owned()
}

/// What a tree, one package a line, has that it must not have; and two versions of rustls.
fn judge(ban: &Ban, tree: &str, manifest: &str) -> Vec<Violation> {
    let violation = |what| Violation { file: manifest.to_owned(), line: 1, what, why: ban.why };
    let names: Vec<(&str, &str)> = tree.lines().skip(1).filter_map(name_and_version).collect();
    let present = |name: &&&str| names.iter().any(|(found, _)| found == *name);
    let banned = ban.banned.iter().filter(present);
    let mut found: Vec<Violation> =
        banned.map(|name| violation(format!("{} depends on {name}", ban.package))).collect();
    let mut stacks: Vec<&str> =
        names.iter().filter(|(name, _)| *name == "rustls").map(|(_, version)| *version).collect();
    stacks.sort_unstable();
    stacks.dedup();
    if stacks.len() > 1 {
        found.push(violation(format!("{} has rustls {}", ban.package, stacks.join(" and "))));
    }
    found
}

fn name_and_version(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(tree: &str) -> Vec<String> {
        judge(&BANS[0], tree, "crates/cloudops-aws/Cargo.toml")
            .into_iter()
            .map(|v| v.what)
            .collect()
    }

    #[test]
    fn a_banned_package_anywhere_in_the_tree_is_found() {
        let clean = "cloudops-aws v0.1.0\nserde v1.0.0\nclap_lex v1.0.0\nrustls v0.23.1\nrustls v0.23.1 (*)\n";
        assert!(whats(clean).is_empty());
        assert_eq!(whats(&format!("{clean}clap v4.6.0\n")), ["cloudops-aws depends on clap"]);
    }

    #[test]
    fn a_second_tls_stack_is_found() {
        let tree = "cloudops-aws v0.1.0\nrustls v0.23.1\nrustls v0.21.9\n";
        assert_eq!(whats(tree), ["cloudops-aws has rustls v0.21.9 and v0.23.1"]);
    }
}
