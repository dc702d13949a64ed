//! Repositories that a distribution cannot be put into: each is answered with its exit code and
//! the next step, and stays as it was.

use std::path::Path;

use cloudops_e2e::rehearsal::instance::Instance;

use crate::stand::{ends, git, with_stage};

#[tokio::test(flavor = "multi_thread")]
async fn repositories_stay_as_they_were() {
    with_stage("bad-repositories", |stage| async move {
        let instance = stage.instance("acme", 73).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        there_is_none(&instance).await;
        a_rule_refuses_it(&instance).await;
        it_holds_something_else(&instance).await;
        the_version_has_other_content(&instance).await;
        the_distribution_is_older(&instance).await;
        // What never was set up has no jobs.
        let text = ends(&instance, "cloudteam jobs list", 5).await.text();
        assert!(text.contains("cloudteam init"), "{text}");
    })
    .await;
}

/// Imports into a repository, which must be refused and say these words.
async fn refused(instance: &Instance, repository: &Path, more: &str, code: i32, words: &[&str]) {
    let refs = ["for-each-ref", "--format=%(refname) %(objectname)"];
    let there = repository.exists();
    let before = if there { git(repository, &refs).await } else { String::new() };
    let own = format!("file://{}", instance.settings.repository.display());
    let yaml = instance.settings.yaml();
    let other = yaml.replace(&own, &format!("file://{}", repository.display()));
    fs_err::write(instance.folder.join("other.yaml"), other).unwrap();
    let line = format!("cloudteam import --config other.yaml {more}");
    let text = ends(instance, &line, code).await.text();
    for word in words {
        assert!(text.contains(word), "`{line}` did not say `{word}`, but:\n{text}");
    }
    if there {
        assert_eq!(git(repository, &refs).await, before, "{line}");
    }
}

async fn bare(instance: &Instance, name: &str) -> std::path::PathBuf {
    git(&instance.folder, &["init", "--quiet", "--bare", "--initial-branch=main", name]).await;
    instance.folder.join(name)
}

async fn there_is_none(instance: &Instance) {
    let repository = instance.folder.join("nowhere.git");
    let words = ["there is no repository", "nowhere.git"];
    refused(instance, &repository, "--source commerce", 3, &words).await;
    assert!(!repository.exists());
}

async fn a_rule_refuses_it(instance: &Instance) {
    let repository = bare(instance, "ruled.git").await;
    let hook = repository.join("hooks/pre-receive");
    fs_err::create_dir_all(repository.join("hooks")).unwrap();
    fs_err::write(&hook, "#!/bin/sh\necho ask the architects first\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let words = ["a rule of", "ask the architects first", "upstream/*"];
    refused(instance, &repository, "--source commerce", 8, &words).await;
}

async fn it_holds_something_else(instance: &Instance) {
    let repository = bare(instance, "other.git").await;
    let work = instance.folder.join("other");
    git(&instance.folder, &["clone", "--quiet", "other.git", "other"]).await;
    fs_err::write(work.join("index.html"), "<h1>My dog</h1>\n").unwrap();
    git(&work, &["add", "--all"]).await;
    git(&work, &["commit", "--quiet", "--message", "A blog"]).await;
    git(&work, &["push", "--quiet", "origin", "HEAD:main"]).await;
    refused(instance, &repository, "--source commerce", 8, &["main", "--adopt"]).await;
}

/// The vendor branch of this version is there, and is not what the distribution is.
async fn the_version_has_other_content(instance: &Instance) {
    let repository = bare(instance, "changed.git").await;
    let own = format!("file://{}", instance.settings.repository.display());
    let yaml = instance.settings.yaml();
    let yaml = yaml.replace(&own, &format!("file://{}", repository.display()));
    fs_err::write(instance.folder.join("changed.yaml"), yaml).unwrap();
    ends(instance, "cloudteam import --config changed.yaml --source commerce", 0).await;
    let readme = instance.folder.join("commerce/README.md");
    let before = fs_err::read_to_string(&readme).unwrap();
    fs_err::write(&readme, "Changed after the delivery.\n").unwrap();
    refused(instance, &repository, "--source commerce", 3, &["8.5.0+1", "VERSION"]).await;
    fs_err::write(&readme, before).unwrap();
}

async fn the_distribution_is_older(instance: &Instance) {
    let repository = instance.settings.repository.clone();
    ends(instance, "cloudteam import --source commerce-second", 0).await;
    let words = ["8.5.0+1", "8.5.0+2", "--older"];
    refused(instance, &repository, "--source commerce", 8, &words).await;
}
