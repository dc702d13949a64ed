//! The steps of a build.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{
    archive::archive,
    credentials::{self, Bound, mask},
    git::{CheckedOut, Git},
    junit,
    pipeline::{Binding, Checkout, Step},
    run::{Env, Run, Verdict},
    shell::{Ended, Shell},
};

/// Where a step runs, and with what.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    pub(super) env: Env,
    /// What the log does not show.
    pub(super) secrets: Vec<String>,
    pub(super) cancel: CancellationToken,
}

impl Run<'_> {
    /// Runs steps, up to the first that fails.
    pub(super) async fn steps(&mut self, steps: &[Step], place: &Place) -> bool {
        for step in steps {
            if !Box::pin(self.one(step, place)).await {
                return false;
            }
        }
        true
    }

    async fn one(&mut self, step: &Step, place: &Place) -> bool {
        match step {
            Step::Sh(script) => self.sh(script, place).await,
            Step::Echo(text) => {
                self.say(&format!("[Pipeline] echo\n{}", mask(text, &place.secrets)));
                true
            }
            Step::Archive { pattern, allow_empty } => self.archive(pattern, *allow_empty, place),
            Step::Junit { pattern, allow_empty } => self.junit(pattern, *allow_empty, place),
            Step::DeleteDir => self.delete_dir(place),
            Step::Dir { path, steps } => self.dir(path, steps, place).await,
            Step::Build(call) => self.build(call, place).await,
            Step::Checkout(checkout) => self.checkout(checkout, place).await,
            Step::WithCredentials { bindings, steps } => {
                self.with_credentials(bindings, steps, place).await
            }
        }
    }

    async fn sh(&mut self, script: &str, place: &Place) -> bool {
        self.say("[Pipeline] sh");
        if let Err(error) = fs_err::create_dir_all(&place.dir) {
            return self.fail(&error.to_string());
        }
        self.step += 1;
        let store = &self.controller.store;
        let dir = store.build_dir(self.job, self.record.number);
        let shell = Shell {
            script,
            file: &dir.join(format!("script-{}.sh", self.step)),
            workspace: &place.dir,
            env: &place.env,
            log: &store.log(self.job, self.record.number),
            secrets: &place.secrets,
        };
        match shell.run(&place.cancel).await {
            Ok(Ended::Code(0)) => true,
            Ok(Ended::Code(code)) => self.fail(&format!("script returned exit code {code}")),
            Ok(Ended::Stopped) => {
                self.stopped();
                self.say("Sending interrupt signal to process");
                false
            }
            Err(error) => self.fail(&error.to_string()),
        }
    }

    async fn dir(&mut self, path: &str, steps: &[Step], place: &Place) -> bool {
        let mut inner = place.clone();
        inner.dir = place.dir.join(path);
        self.say(&format!("[Pipeline] dir\nRunning in {}", inner.dir.display()));
        let done = self.steps(steps, &inner).await;
        self.say("[Pipeline] // dir");
        done
    }

    fn delete_dir(&mut self, place: &Place) -> bool {
        self.say("[Pipeline] deleteDir");
        match fs_err::remove_dir_all(&place.dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                self.fail(&error.to_string())
            }
            _ => true,
        }
    }

    async fn with_credentials(
        &mut self,
        bindings: &[Binding],
        steps: &[Step],
        place: &Place,
    ) -> bool {
        self.say("[Pipeline] withCredentials");
        let file = self.controller.options.credentials_file.as_deref();
        let secrets = self.secrets_dir();
        let mut bound = Bound::default();
        for binding in bindings {
            if let Err(error) = bound.add(file, binding, &secrets) {
                return self.fail(&error);
            }
        }
        let names: Vec<_> = bound.env.iter().map(|(name, _)| format!("${name}")).collect();
        self.say(&format!("Masking supported pattern matches of {}", names.join(" or ")));
        let mut inner = place.clone();
        inner.env.extend(bound.env);
        inner.secrets.extend(bound.secrets);
        let done = self.steps(steps, &inner).await;
        // They are there for these steps only.
        let _ = fs_err::remove_dir_all(&secrets);
        self.say("[Pipeline] // withCredentials");
        done
    }

    /// Beside the workspace, as Jenkins does it.
    fn secrets_dir(&self) -> PathBuf {
        PathBuf::from(format!("{}@tmp", self.workspace.display()))
    }

    fn archive(&mut self, pattern: &str, allow_empty: bool, place: &Place) -> bool {
        self.say("[Pipeline] archiveArtifacts\nArchiving artifacts");
        let dir = self.controller.store.build_dir(self.job, self.record.number).join("archive");
        match archive(&place.dir, pattern, &dir) {
            Ok(files) if files.is_empty() && !allow_empty => {
                self.fail(&format!("No artifacts found that match the file pattern \"{pattern}\"."))
            }
            Ok(files) => {
                self.record.artifacts.extend(files);
                true
            }
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn junit(&mut self, pattern: &str, allow_empty: bool, place: &Place) -> bool {
        self.say("[Pipeline] junit\nRecording test results");
        let cases = match junit::read(&place.dir, pattern) {
            Ok(Some(cases)) => cases,
            Ok(None) if allow_empty => {
                self.say("None of the test reports contained any result");
                return true;
            }
            Ok(None) => return self.fail("No test report files were found. Configuration error?"),
            Err(error) => return self.fail(&error),
        };
        if cases.iter().any(|case| case.status == "FAILED") && self.result == Verdict::Success {
            self.result = Verdict::Unstable;
        }
        let store = &self.controller.store;
        let kept = store.write_tests(self.job, self.record.number, &cases);
        kept.is_ok() || self.fail("The test results cannot be kept")
    }

    async fn checkout(&mut self, checkout: &Checkout, place: &Place) -> bool {
        self.say("[Pipeline] checkout\nThe recommended git tool is: NONE");
        match self.check_out(checkout, place).await {
            Ok(found) => {
                self.say(&format!("Checking out Revision {} ({})", found.commit, found.branch));
                self.record.checkouts.push(found);
                // A poll looks at what a build that still runs has taken.
                let store = &self.controller.store;
                let _ = store.write_record(self.job, &self.record);
                true
            }
            Err(_) if place.cancel.is_cancelled() => {
                self.stopped();
                false
            }
            Err(error) => self.fail(&error),
        }
    }

    async fn check_out(
        &mut self,
        checkout: &Checkout,
        place: &Place,
    ) -> Result<CheckedOut, String> {
        let expand = |text: &String| expand(text, &place.env);
        let (url, cancel) = (expand(&checkout.url), &place.cancel);
        let branches: Vec<String> = checkout.branches.iter().map(expand).collect();
        let file = self.controller.options.credentials_file.as_deref();
        let credentials = checkout.credentials.as_ref().map(|id| (id, credentials::find(file, id)));
        match &credentials {
            None => self.say("No credentials specified"),
            Some((id, None)) => {
                self.say(&format!("Warning: CredentialId \"{id}\" could not be found."));
            }
            Some((id, Some(_))) => self.say(&format!("using credential {id}")),
        }
        let found = credentials.as_ref().and_then(|(_, found)| found.as_ref());
        self.say(&format!("Cloning repository {url}"));
        let text = |error: std::io::Error| error.to_string();
        fs_err::create_dir_all(&place.dir).map_err(text)?;
        let git = Git::new(&place.dir, found, &self.secrets_dir()).map_err(text)?;
        let fetched = git.fetch(&url, cancel).await;
        let _ = fs_err::remove_dir_all(self.secrets_dir());
        fetched.map_err(|error| format!("Error fetching remote repo 'origin'\n{error}"))?;
        let (branch, commit) = self.choose(&git, &branches).await.ok_or(
            "Couldn't find any revision to build. Verify the repository and branch configuration \
             for this job.",
        )?;
        git.run(&["checkout", "--quiet", "--force", "--detach", &commit], cancel).await?;
        let credentials = checkout.credentials.clone();
        Ok(CheckedOut { url, branches, credentials, branch, commit })
    }

    /// The oldest commit that was not built yet, else the newest of all; the others are built
    /// after it.
    async fn choose(&self, git: &Git, branches: &[String]) -> Option<(String, String)> {
        let mut all = Vec::new();
        for spec in branches {
            all.extend(git.candidates(spec).await);
        }
        let built = self.controller.store.built_commits(self.job);
        let mut new = all.iter().filter(|(_, commit)| !built.contains(commit));
        let first = new.next();
        if first.is_some() && new.next().is_some() {
            self.say("Multiple candidate revisions\nScheduling another build to catch up");
            self.controller.enqueue_again(self.job);
        }
        first.or(all.last()).cloned()
    }
}

/// `$NAME` and `${NAME}` of the environment, and `$$` for a dollar (`Util.replaceMacro`); what is
/// not known stays.
pub(super) fn expand(text: &str, env: &Env) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, behind) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            Some((name, behind)) => (name, behind),
            None => {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        let value = env.iter().rev().find(|(known, _)| known == name);
        if let Some(behind) = after.strip_prefix('$') {
            out.push('$');
            rest = behind;
        } else if let Some((_, value)) = value.filter(|_| !name.is_empty()) {
            out.push_str(value);
            rest = behind;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}
