//! `import` into real repositories.

use cloudops_aws::diagnose::{Class, Diagnose};
use cloudops_e2e::git::Repository;
use cloudteam::{
    git::{Cause, GitError},
    ops::import::{self, Changes, ImportRequest},
};

use crate::stage::{ctx, folder, git_error, import, open, request, warnings, write};

#[tokio::test]
async fn files_survive_whatever_attributes_and_ignore_rules_say() {
    let repository = Repository::new();
    let large = "0123456789abcdef".repeat(20 << 16);
    let files = [
        (
            ".gitattributes",
            "* text=auto eol=crlf ident\n*.bin filter=lfs diff=lfs merge=lfs -text\n",
        ),
        (".gitignore", "*.log\n"),
        ("keep.log", "not ignored\n"),
        ("dos.txt", "a\r\nb\r\n"),
        ("unix.txt", "$Id$\na\nb\n"),
        ("large.bin", large.as_str()),
        ("empty", ""),
        ("run.sh*", "#!/bin/sh\n"),
        ("run", "-> run.sh"),
        ("grüße/日本 \"x\".txt", "ä\n"),
    ];
    let dir = folder("8.5.0", &files);
    let report = import::import(&ctx().await, &request(&repository, &dir)).await.unwrap();
    assert!(report.changed);
    assert_eq!(report.files, Changes { added: files.len() + 3, ..Changes::default() });
    for (name, content) in files {
        let name = name.trim_end_matches('*');
        let content = content.trim_start_matches("-> ");
        assert_eq!(repository.show("upstream/8.5.0", name), content, "{name}");
    }
    let tree = repository.git(&["ls-tree", "main", "run", "run.sh"]);
    assert!(tree.starts_with("120000 blob") && tree.contains("100755 blob"), "{tree}");
    let message = repository.git(&["log", "-1", "--format=%B", "main"]);
    let digest = open(&dir).digest;
    assert!(message.contains(&format!("Distribution-Digest: {digest}\n")), "{message}");
    assert!(message.contains("Distribution-Version: 8.5.0\nDistribution-Origin: folder "));
    let before = repository.branches();
    let again = import::import(&ctx().await, &request(&repository, &dir)).await.unwrap();
    assert!(!again.changed);
    assert_eq!(repository.branches(), before);
}

#[tokio::test]
async fn the_next_distribution_is_merged_with_renames_deletes_and_modes() {
    let repository = Repository::new();
    let text = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n";
    let first = [("old.txt", text), ("gone.txt", "x\n"), ("mode.sh", "#!/bin/sh\n")];
    import(&repository, "8.5.0", &first).await.unwrap();
    let work = repository.work("ann", "main");
    write(&work, &[("old.txt", &text.replace("one", "ONE")), ("own.txt", "ours\n")]);
    repository.publish(&work, "Ours");
    let next = [("new.txt", text), ("mode.sh*", "#!/bin/sh\n")];
    let report = import(&repository, "8.6.0", &next).await.unwrap();
    assert!(report.changed);
    assert!(repository.show("main", "new.txt").starts_with("ONE\n"), "it followed the rename");
    assert_eq!(repository.show("main", "own.txt"), "ours\n");
    let tree = repository.git(&["ls-tree", "--name-only", "main"]);
    assert!(!tree.contains("gone.txt") && !tree.contains("old.txt"), "{tree}");
    assert!(repository.git(&["ls-tree", "main", "mode.sh"]).starts_with("100755"));
    let parents = repository.git(&["log", "-1", "--format=%s", "upstream/8.6.0^"]);
    assert_eq!(parents.trim(), "Add Commerce 8.5.0");
}

#[tokio::test]
async fn a_conflict_is_left_on_a_branch_and_goes_on_when_a_person_has_merged_it() {
    let repository = Repository::new();
    import(&repository, "8.5.0", &[("a.txt", "a\n"), ("b.txt", "b\n")]).await.unwrap();
    let work = repository.work("ann", "main");
    write(&work, &[("a.txt", "ours\n")]);
    std::fs::remove_file(work.join("b.txt")).unwrap();
    repository.publish(&work, "Ours");
    let head = repository.git(&["rev-parse", "main"]);
    let next = [("a.txt", "theirs\n"), ("b.txt", "b2\n")];
    let error = git_error(import(&repository, "8.6.0", &next).await);
    assert_eq!(error.class(), Class::NeedsOperator);
    assert_eq!(
        error.to_string(),
        "distribution 8.6.0 conflicts with changes on main in a.txt, b.txt; main was not changed, \
         the merge as far as it goes is on branch cloudops/merge-8.6.0"
    );
    assert_eq!(repository.git(&["rev-parse", "main"]), head);
    let merge = "cloudops/merge-8.6.0";
    let parents = repository.git(&["log", "-1", "--format=%P", merge]);
    let vendor = repository.git(&["rev-parse", "upstream/8.6.0"]);
    assert_eq!(parents.trim(), format!("{} {}", head.trim(), vendor.trim()));
    let marked = repository.show(merge, "a.txt");
    assert_eq!(marked, "<<<<<<< main\nours\n=======\ntheirs\n>>>>>>> upstream/8.6.0\n");
    let report = repository.show(merge, "CLOUDOPS-CONFLICTS.md");
    assert!(report.contains("| `a.txt` | both sides changed the same lines |"), "{report}");
    assert!(report.contains("| `b.txt` | one side changed it, the other one deleted it |"));

    let before = repository.branches();
    let again = git_error(import(&repository, "8.6.0", &next).await);
    assert_eq!(again.to_string(), error.to_string());
    assert_eq!(repository.branches(), before, "nothing new was pushed");

    repository.git_in(&work, &["fetch", "--quiet"]);
    repository.git_in(&work, &["merge", "--quiet", &format!("origin/{merge}")]);
    write(&work, &[("a.txt", "both\n")]);
    repository.publish(&work, "Resolve");
    let before = repository.branches();
    let ctx = ctx().await;
    let request = request(&repository, &folder("8.6.0", &next));
    let merged = import::import(&ctx, &request).await.unwrap();
    assert!(!merged.changed);
    assert_eq!(repository.branches(), before);
    let told = warnings(&ctx).join("\n");
    assert!(told.contains("CLOUDOPS-CONFLICTS.md is still on main"), "{told}");
    assert!(told.contains("cloudops/merge-8.6.0 is merged"), "{told}");
}

#[tokio::test]
async fn a_branch_with_other_content_and_an_older_version_are_refused() {
    let repository = Repository::new();
    import(&repository, "8.5.0", &[("a", "1\n")]).await.unwrap();
    let other = git_error(import(&repository, "8.5.0", &[("a", "2\n")]).await);
    assert!(matches!(other, GitError::OtherContent { .. }), "{other}");
    let older = git_error(import(&repository, "8.4.9", &[("a", "0\n")]).await);
    assert_eq!(
        older.to_string(),
        "distribution 8.4.9 is older than 8.5.0, which the repository has"
    );
    let dir = folder("8.4.9", &[("a", "0\n")]);
    let back = ImportRequest { older: true, ..request(&repository, &dir) };
    assert!(import::import(&ctx().await, &back).await.unwrap().changed);
    assert_eq!(repository.show("main", "a"), "0\n", "it is the way back");
    let parent = repository.git(&["log", "-1", "--format=%s", "upstream/8.4.9^"]);
    assert_eq!(parent.trim(), "Add Commerce 8.5.0");
}

#[tokio::test]
async fn something_else_is_merged_only_when_asked() {
    let repository = Repository::new();
    let work = repository.root().join("other");
    let to = work.display().to_string();
    repository.git_in(repository.root(), &["clone", "--quiet", &repository.url(), &to]);
    repository.publish(&work, "Nothing yet");
    import(&repository, "8.5.0", &[]).await.expect("an empty tree is no other thing");

    let repository = Repository::new();
    let work = repository.root().join("other");
    let to = work.display().to_string();
    repository.git_in(repository.root(), &["clone", "--quiet", &repository.url(), &to]);
    write(&work, &[("game.c", "int main;\n")]);
    repository.publish(&work, "A game");
    let before = repository.branches();
    let error = git_error(import(&repository, "8.5.0", &[]).await);
    assert!(matches!(error, GitError::SomethingElse { .. }), "{error}");
    assert_eq!(error.class(), Class::Denied);
    assert_eq!(repository.branches(), before, "nothing was pushed");
    let dir = folder("8.5.0", &[]);
    let adopt = ImportRequest { adopt: true, ..request(&repository, &dir) };
    import::import(&ctx().await, &adopt).await.unwrap();
    assert_eq!(repository.show("main", "game.c"), "int main;\n");
}

#[tokio::test]
async fn branches_in_the_way_and_names_that_are_none_are_refused() {
    let repository = Repository::new();
    import(&repository, "8.5.0", &[]).await.unwrap();
    repository.git(&["branch", "cloudops", "main"]);
    let error = git_error(import(&repository, "8.6.0", &[("a", "a")]).await);
    assert!(matches!(error, GitError::InTheWay { .. }), "{error}");
    let dir = folder("8.6.0", &[]);
    for branch in ["-x", "a..b", "upstream/8.6.0", "HEAD"] {
        let branch = branch.to_owned();
        let request = ImportRequest { branch, ..request(&repository, &dir) };
        let error = git_error(import::import(&ctx().await, &request).await);
        assert!(matches!(error, GitError::BranchName { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_atomic_pushes_is_served_too() {
    let repository = Repository::new();
    repository.git(&["config", "receive.advertiseAtomic", "false"]);
    import(&repository, "8.5.0", &[]).await.unwrap();
    assert_eq!(repository.branches().lines().count(), 2);
}

#[tokio::test]
async fn a_repository_that_always_moves_is_given_up_with_nothing_half_done() {
    let repository = Repository::new();
    import(&repository, "8.5.0", &[]).await.unwrap();
    // Whoever pushes finds that somebody else was quicker: the hook moves the branch first.
    let hook = "#!/bin/sh\nunset GIT_QUARANTINE_PATH\n\
                tree=$(git rev-parse main^{tree})\n\
                new=$(echo faster | git -c user.name=B -c user.email=b@c commit-tree $tree -p main)\n\
                git update-ref refs/heads/main $new\necho moved >>moves\n";
    write(&repository.path().join("hooks"), &[("pre-receive*", hook)]);
    let error = git_error(import(&repository, "8.6.0", &[("a", "a")]).await);
    assert!(matches!(error, GitError::KeepsMoving { tries: 5, .. }), "{error}");
    assert!(!repository.branches().contains("upstream/8.6.0"), "all or none");
    std::fs::remove_file(repository.path().join("hooks/pre-receive")).unwrap();
    assert!(import(&repository, "8.6.0", &[("a", "a")]).await.unwrap().changed);
}

#[tokio::test]
async fn a_race_that_is_lost_once_is_won_with_the_work_of_both() {
    let repository = Repository::new();
    import(&repository, "8.5.0", &[]).await.unwrap();
    let hook = "#!/bin/sh\n[ -e moved ] && exit 0\nunset GIT_QUARANTINE_PATH\n\
                tree=$(git rev-parse main^{tree})\n\
                new=$(echo faster | git -c user.name=B -c user.email=b@c commit-tree $tree -p main)\n\
                git update-ref refs/heads/main $new\ntouch moved\n";
    write(&repository.path().join("hooks"), &[("pre-receive*", hook)]);
    assert!(import(&repository, "8.6.0", &[("a", "a")]).await.unwrap().changed);
    let log = repository.git(&["log", "--format=%s", "main"]);
    assert!(log.lines().any(|line| line == "faster"), "{log}");
    let carriers = repository.git(&["branch", "--contains", "upstream/8.6.0", "main"]);
    assert_eq!(carriers.trim(), "* main");
}

#[tokio::test]
async fn a_half_of_two_pushes_is_gone_on_with() {
    let repository = Repository::new();
    repository.git(&["config", "receive.advertiseAtomic", "false"]);
    import(&repository, "8.5.0", &[]).await.unwrap();
    let before = repository.git(&["rev-parse", "main"]);
    let hooks = repository.path().join("hooks");
    write(&hooks, &[("update*", "#!/bin/sh\n[ \"$1\" != refs/heads/main ]\n")]);
    import(&repository, "8.6.0", &[("a", "a")]).await.unwrap_err();
    assert!(repository.branches().contains("upstream/8.6.0"), "the first half is there");
    assert_eq!(repository.git(&["rev-parse", "main"]), before);
    let vendor = repository.git(&["rev-parse", "upstream/8.6.0"]);
    std::fs::remove_file(hooks.join("update")).unwrap();
    assert!(import(&repository, "8.6.0", &[("a", "a")]).await.unwrap().changed);
    assert_eq!(repository.git(&["rev-parse", "upstream/8.6.0"]), vendor, "it is not made twice");
    assert_ne!(repository.git(&["rev-parse", "main"]), before);
    assert!(!import(&repository, "8.6.0", &[("a", "a")]).await.unwrap().changed);
}

#[tokio::test]
async fn a_hook_that_refuses_and_a_repository_that_is_not_there_are_told_apart() {
    let repository = Repository::new();
    write(&repository.path().join("hooks"), &[("pre-receive*", "#!/bin/sh\nexit 1\n")]);
    let error = git_error(import(&repository, "8.5.0", &[]).await);
    assert!(matches!(error, GitError::Remote { cause: Cause::Refused, .. }), "{error}");
    let dir = folder("8.5.0", &[]);
    let gone = format!("{}-gone", repository.url());
    let request = ImportRequest { repository: gone, ..request(&repository, &dir) };
    let error = git_error(import::import(&ctx().await, &request).await);
    assert!(matches!(error, GitError::Remote { cause: Cause::NotFound, .. }), "{error}");
}
