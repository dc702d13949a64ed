//! Words that a source file must not contain, by where the file is.

use super::source::{self, Kind};
use super::{File, Violation};

/// Words that are allowed in some places only.
struct Rule {
    /// For `tidy: allow(NAME)`.
    name: &'static str,
    words: &'static [&'static str],
    /// Whether the rule holds in the file of this path.
    holds_in: fn(&str) -> bool,
    /// Whether the rule holds on lines of this kind.
    holds_on: fn(Kind) -> bool,
    why: &'static str,
}

const RULES: [Rule; 9] = [
    Rule {
        name: "sdk",
        words: &["aws_sdk_"],
        holds_in: |path| !path.starts_with("crates/cloudops-aws/src/") && !is_xtask(path),
        holds_on: |kind| kind != Kind::Comment,
        why: "SDK types stay inside cloudops-aws",
    },
    Rule {
        name: "environment",
        words: &["std::env::", "use std::env", "env::var"],
        holds_in: |path| in_program(path) && !path.ends_with("/settings.rs"),
        holds_on: |kind| kind == Kind::Code,
        why: "only settings.rs reads the environment",
    },
    Rule {
        name: "sleep",
        words: &["time::sleep", "time::interval", "thread::sleep"],
        holds_in: |path| in_program(path) && !path.ends_with("/wait.rs"),
        holds_on: |kind| kind == Kind::Code,
        why: "only wait.rs sleeps, so that every wait has a deadline and can be cancelled",
    },
    Rule {
        name: "exit",
        words: &["process::exit(", "process::abort("],
        holds_in: in_program,
        holds_on: |kind| kind == Kind::Code,
        why: "main returns the exit code, so that nothing is left undone",
    },
    Rule {
        name: "print",
        words: &["println!", "print!", "eprintln!", "eprint!", "dbg!"],
        holds_in: |path| in_program(path) && !path.ends_with("/printer.rs"),
        holds_on: |kind| kind == Kind::Code,
        why: "only printer.rs writes to the terminal",
    },
    Rule {
        name: "unaware",
        words: &["emulator", "fakecloud", "rehears"],
        holds_in: in_program,
        holds_on: |_| true,
        why: "the programs never know what they run against",
    },
    Rule {
        name: "cli",
        words: &["crate::cli"],
        holds_in: |path| path.contains("/src/ops/"),
        holds_on: |kind| kind != Kind::Comment,
        why: "ops never imports cli",
    },
    Rule {
        name: "terminal",
        words: &["clap::", "indicatif::", "anstream::", "comfy_table::"],
        holds_in: |path| in_program(path) && !is_terminal(path),
        holds_on: |kind| kind == Kind::Code,
        why: "only cli/ and cloudops-aws/terminal know the terminal",
    },
    Rule {
        name: "pure",
        words: &["fs_err", "std::fs", "std::net", "tokio::", "reqwest::", "process::Command"],
        holds_in: is_pure,
        holds_on: |kind| kind == Kind::Code,
        why: "model, layout, diff, policy and doctor are facts in, data out",
    },
];

fn in_program(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/")
}

fn is_xtask(path: &str) -> bool {
    path.starts_with("xtask/")
}

fn is_terminal(path: &str) -> bool {
    path.starts_with("crates/cloudops-aws/src/terminal/")
        || path.contains("/src/cli/")
        || path.ends_with("/src/main.rs")
}

fn is_pure(path: &str) -> bool {
    let Some((krate, module)) = path.split_once("/src/") else {
        return false;
    };
    let first = module.split('/').next().unwrap_or_default();
    let pure =
        ["model", "layout", "diff", "policy", "doctor"].contains(&first.trim_end_matches(".rs"));
    krate.starts_with("crates/") && krate != "crates/cloudops-aws" && pure
}

/// All violations of the rules in one file.
pub(super) fn check(file: &File) -> Vec<Violation> {
    if !file.path.ends_with(".rs") {
        return Vec::new();
    }
    let lines = source::lines(&file.path, &file.text);
    let rules = RULES.iter().filter(|rule| (rule.holds_in)(&file.path));
    rules.flat_map(|rule| apply(rule, &file.path, &lines)).collect()
}

fn apply(rule: &Rule, path: &str, lines: &[(usize, &str, Kind)]) -> Vec<Violation> {
    let mut before = "";
    let mut found = Vec::new();
    for (number, line, kind) in lines {
        let word = rule.words.iter().find(|word| contains_word(line, word));
        let allowed = allows(line, rule.name) || allows(before, rule.name);
        before = line;
        if let Some(word) = word.filter(|_| (rule.holds_on)(*kind) && !allowed) {
            let what = format!("`{word}` is used (rule `{}`)", rule.name);
            found.push(Violation { file: path.to_owned(), line: *number, what, why: rule.why });
        }
    }
    found
}

/// Whether a line says, with a reason, that a rule does not hold on it or on the next one.
pub(super) fn allows(line: &str, rule: &str) -> bool {
    let marker = format!("tidy: allow({rule}): ");
    line.split_once(&marker).is_some_and(|(_, reason)| !reason.trim().is_empty())
}

/// Whether `word` occurs, in any case, and not as the end of a longer name.
fn contains_word(line: &str, word: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        check(&file).iter().map(ToString::to_string).collect()
    }

    fn breaks(path: &str, text: &str) -> bool {
        !broken(path, text).is_empty()
    }

    #[test]
    fn a_violation_says_where_what_and_why() {
        let found = broken("crates/cloudcore/src/lib.rs", "fn a() {\n    println!(\"a\");\n}");
        assert_eq!(
            found,
            [
                "crates/cloudcore/src/lib.rs:2: `println!` is used (rule `print`), only printer.rs writes to the terminal"
            ]
        );
    }

    #[test]
    fn every_rule_holds_where_it_should_and_not_where_it_should_not() {
        let cases = [
            (
                "use aws_sdk_s3::Client;",
                "crates/cloudcore/src/a.rs",
                "crates/cloudops-aws/src/a.rs",
            ),
            (
                "std::env::var(\"A\")",
                "crates/cloudcore/src/a.rs",
                "crates/cloudops-aws/src/terminal/settings.rs",
            ),
            (
                "tokio::time::sleep(x)",
                "crates/cloudteam/src/a.rs",
                "crates/cloudops-aws/src/wait.rs",
            ),
            ("std::process::exit(1)", "crates/cloudteam/src/main.rs", "tests/support/bin/a.rs"),
            (
                "eprintln!()",
                "crates/cloudteam/src/main.rs",
                "crates/cloudops-aws/src/terminal/printer.rs",
            ),
            ("// Fakecloud does not", "crates/cloudteam/src/a.rs", "tests/support/a.rs"),
            (
                "use crate::cli::Args;",
                "crates/cloudteam/src/ops/a.rs",
                "crates/cloudteam/src/cli/a.rs",
            ),
            ("use clap::Args;", "crates/cloudteam/src/ops/a.rs", "crates/cloudteam/src/cli/a.rs"),
            (
                "use fs_err as fs;",
                "crates/clouddeploy/src/diff.rs",
                "crates/clouddeploy/src/package.rs",
            ),
        ];
        for (text, bad, good) in cases {
            assert!(breaks(bad, text), "{bad}: {text}");
            assert!(!breaks(good, text), "{good}: {text}");
        }
    }

    #[test]
    fn comments_tests_and_longer_names_are_no_violations() {
        let path = "crates/cloudcore/src/a.rs";
        assert!(!breaks(path, "/// Never println! here."));
        assert!(!breaks(path, "#[cfg(test)]\nmod tests {\n    println!();\n}"));
        assert!(!breaks(path, "my_clap::a();"));
    }

    #[test]
    fn a_rule_is_lifted_only_with_a_reason() {
        let path = "crates/cloudcore/src/a.rs";
        assert!(!breaks(path, "// tidy: allow(exit): the kernel asks for it\nprocess::exit(1)"));
        assert!(breaks(path, "// tidy: allow(exit):  \nprocess::exit(1)"));
        assert!(breaks(path, "// tidy: allow(print): another rule\nprocess::exit(1)"));
    }
}
