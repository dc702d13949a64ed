//! What a machine must have before we begin. Everything else is fetched into the tools folder.

use std::process::Command;

use crate::command::{capture, first_line, program};
use crate::failure::{Failure, Outcome};

/// One thing to look for.
struct Need {
    what: &'static str,
    package: &'static str,
    command: fn() -> Command,
    minimum: Option<(u32, u32)>,
}

/// A program asked with one argument for its version.
fn ask(name: &str, argument: &str) -> Command {
    let mut command = program(name);
    command.arg(argument);
    command
}

/// A program of the JDK that the build of the suite will use: `JAVA_HOME`, else the `PATH`.
fn jdk(name: &str) -> String {
    let home = std::env::var("JAVA_HOME").ok().filter(|home| !home.is_empty());
    home.map_or_else(|| name.to_owned(), |home| format!("{home}/bin/{name}"))
}

const GIT: Need =
    Need { what: "git", package: "git", command: || ask("git", "--version"), minimum: None };

const LINKER: Need = Need {
    what: "a C compiler (cc)",
    package: "gcc libc6-dev",
    command: || ask("cc", "--version"),
    minimum: None,
};

const PYTHON: Need = Need {
    what: "Python 3.10 or newer (python3)",
    package: "python3",
    command: || ask("python3", "--version"),
    minimum: Some((3, 10)),
};

const VENV: Need = Need {
    what: "Python's venv module",
    package: "python3-venv",
    command: || {
        let mut command = program("python3");
        command.args(["-c", "import venv, ensurepip; print('ok')"]);
        command
    },
    minimum: None,
};

const JAVAC: Need = Need {
    what: "a JDK 17 or newer (javac)",
    package: "openjdk-17-jdk-headless",
    command: || ask(&jdk("javac"), "-version"),
    minimum: Some((17, 0)),
};

const JLINK: Need = Need {
    what: "the JDK's jlink",
    package: "openjdk-17-jdk-headless",
    command: || ask(&jdk("jlink"), "--version"),
    minimum: Some((17, 0)),
};

const SSHD: Need = Need {
    what: "OpenSSH's server and client (sshd, ssh)",
    package: "openssh-server openssh-client",
    command: || {
        let mut command = ask("sh", "-c");
        command.arg(
            "PATH=$PATH:/usr/sbin; command -v sshd && command -v ssh && command -v ssh-keygen",
        );
        command
    },
    minimum: None,
};

/// Names of the browser, by distribution.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const BROWSER: Need = Need {
    what: "Chromium (chromium)",
    package: "chromium",
    command: || {
        let there = |name: &&str| first_line(&mut ask(name, "--version")).is_some();
        ask(BROWSERS.into_iter().find(there).unwrap_or(BROWSERS[0]), "--version")
    },
    minimum: None,
};

const SHELLCHECK: Need = Need {
    what: "shellcheck",
    package: "shellcheck",
    command: || ask("shellcheck", "--version"),
    minimum: None,
};

const NODE: Need = Need {
    what: "Node.js 20 or newer (node)",
    package: "nodejs",
    command: || ask("node", "--version"),
    minimum: Some((20, 0)),
};

const NPM: Need =
    Need { what: "npm", package: "npm", command: || ask("npm", "--version"), minimum: None };

/// What the benchmark of the stack engine needs to get the tools it compares with.
pub(crate) fn for_benchmark() -> Outcome {
    missing(&[LINKER, PYTHON, VENV, NODE, NPM])
}

const BUILDAH: Need = Need {
    what: "buildah",
    package: "buildah",
    command: || ask("buildah", "--version"),
    minimum: None,
};

const REGISTRY: Need = Need {
    what: "the CNCF distribution registry (docker-registry)",
    package: "docker-registry",
    command: || ask("docker-registry", "--version"),
    minimum: None,
};

const UNZIP: Need =
    Need { what: "unzip", package: "unzip", command: || ask("unzip", "-v"), minimum: None };

/// What the benchmark of the image builder needs. As root on Debian it is installed.
pub(crate) fn for_images() -> Outcome {
    let needs = [LINKER, PYTHON, VENV, JLINK, BUILDAH, REGISTRY, UNZIP];
    if missing(&needs).is_err() {
        install(&needs)?;
    }
    missing(&needs)
}

/// Installs what is absent, when we may and can. Services that come along are not started.
fn install(needs: &[Need]) -> Outcome {
    let is_root = first_line(&mut ask("id", "-u")).is_some_and(|id| id == "0");
    if !is_root || first_line(&mut ask("apt-get", "--version")).is_none() {
        return Ok(());
    }
    let absent = needs.iter().filter(|need| !is_there(need));
    let packages = absent.flat_map(|need| need.package.split(' '));
    capture(program("apt-get").args(["update", "--quiet"]))?;
    let mut apt = program("apt-get");
    apt.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages);
    // Debian's scripts start no service in this run level.
    apt.envs([("DEBIAN_FRONTEND", "noninteractive"), ("RUNLEVEL", "1")]);
    capture(&mut apt).map(drop)
}

/// What the journey needs: the programs are built, the suite is compiled and its images made.
pub(crate) fn for_journey() -> Outcome {
    missing(&[GIT, LINKER, PYTHON, VENV, JAVAC, JLINK])
}

/// What stages of the test need: the journey plays, the templates are checked by a Python program,
/// and a unit test looks at the page of a run in a browser.
pub(crate) fn for_test(journey: bool, templates: bool, unit: bool) -> Outcome {
    let mut needs = vec![GIT, LINKER];
    if journey || templates {
        needs.extend([PYTHON, VENV]);
    }
    if templates {
        needs.push(SHELLCHECK);
    }
    if journey {
        needs.extend([JAVAC, JLINK, REGISTRY]);
    }
    if unit {
        needs.extend([BROWSER, SSHD]);
    }
    missing(&needs)
}

fn missing(needs: &[Need]) -> Outcome {
    let absent: Vec<&Need> = needs.iter().filter(|need| !is_there(need)).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = absent.iter().map(|need| need.what).collect();
    let mut packages: Vec<&str> = absent.iter().map(|need| need.package).collect();
    packages.dedup();
    Err(Failure::not_ready(format!("this machine lacks {}", names.join(", ")))
        .hint(format!("on Debian or Ubuntu: sudo apt-get install {}", packages.join(" ")))
        .hint("then run the same command again"))
}

fn is_there(need: &Need) -> bool {
    let Some(line) = first_line(&mut (need.command)()) else {
        return false;
    };
    need.minimum.is_none_or(|minimum| version(&line).is_some_and(|found| found >= minimum))
}

/// Major and minor of the first version number in a line.
fn version(line: &str) -> Option<(u32, u32)> {
    let mut words = line.split_whitespace().map(|word| word.trim_start_matches('v'));
    let word = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = word.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    Some((parts.next()?, parts.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_print_them() {
        assert_eq!(version("Python 3.11.7"), Some((3, 11)));
        assert_eq!(version("javac 17.0.13"), Some((17, 0)));
        assert_eq!(version("21-ea"), Some((21, 0)));
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert_eq!(version("no digits"), None);
    }

    #[test]
    fn all_that_is_missing_is_named_at_once_with_its_package() {
        let nothing = || program("cloudops-no-such-program");
        let need = |what, package| Need { what, package, command: nothing, minimum: None };
        let failure = missing(&[need("one", "a"), GIT, need("two", "b")]).unwrap_err();
        assert_eq!(failure.to_string(), "this machine lacks one, two");
        assert_eq!(failure.hints()[0], "on Debian or Ubuntu: sudo apt-get install a b");
    }
}
