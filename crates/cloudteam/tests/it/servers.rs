//! Repositories behind real servers: HTTP with users, ssh with keys, CodeCommit's helper.

use cloudops_aws::diagnose::{Class, Diagnose};
use cloudops_e2e::git::{
    Repository,
    http::{GitHttp, PASSWORD, READER, WRITER},
    ssh::GitSsh,
};
use cloudteam::{
    git::{Cause, GitError, Options},
    ops::import::{self, ImportReport, ImportRequest},
    source::{SourceSpec, fetch, unpack::Limits},
};

use crate::stage::{ctx, folder, git_error, request, write};

async fn import(
    repository: &Repository,
    address: String,
    environment: Vec<(String, String)>,
) -> Result<ImportReport, cloudteam::error::TeamError> {
    let dir = folder("8.5.0", &[("a", &"some content\n".repeat(1 << 17))]);
    let request = ImportRequest { repository: address, ..request(repository, &dir) };
    let environment = [request.git.environment.clone(), environment].concat();
    let request = ImportRequest { git: Options { environment }, ..request };
    import::import(&ctx().await, &request).await
}

fn cause(error: &GitError) -> Option<Cause> {
    match error {
        GitError::Remote { cause, .. } => Some(*cause),
        _ => None,
    }
}

#[tokio::test]
async fn over_http_rights_decide() {
    let repository = Repository::new();
    repository.git(&["config", "http.receivepack", "true"]);
    let server = GitHttp::start(repository.root()).await;
    let writer = server.url(WRITER, "commerce.git");
    let right = GitHttp::environment(PASSWORD);
    let error = git_error(import(&repository, writer.clone(), Vec::new()).await);
    assert_eq!((cause(&error), error.class()), (Some(Cause::Credentials), Class::Credentials));
    assert!(!error.to_string().contains(WRITER), "a user may be a token: {error}");
    let error = git_error(import(&repository, writer.clone(), GitHttp::environment("wrong")).await);
    assert_eq!(cause(&error), Some(Cause::Credentials), "{error}");
    let reader = server.url(READER, "commerce.git");
    let error = git_error(import(&repository, reader, right.clone()).await);
    assert_eq!((cause(&error), error.class()), (Some(Cause::ReadOnly), Class::Denied), "{error}");
    let error = git_error(import(&repository, server.url(WRITER, "none.git"), right.clone()).await);
    assert_eq!(cause(&error), Some(Cause::NotFound), "{error}");
    assert_eq!(repository.branches(), "");
    assert!(import(&repository, writer, right).await.unwrap().changed);
    assert_eq!(repository.branches().lines().count(), 2);
}

#[tokio::test]
async fn over_ssh_keys_and_host_keys_decide() {
    let repository = Repository::new();
    let server = GitSsh::start();
    let address = server.url(&repository.path());
    let error = git_error(import(&repository, address.clone(), server.unknown_host()).await);
    assert_eq!(cause(&error), Some(Cause::HostKey), "{error}");
    let error = git_error(import(&repository, address.clone(), server.stranger()).await);
    assert_eq!(cause(&error), Some(Cause::Credentials), "{error}");
    assert!(import(&repository, address, server.environment()).await.unwrap().changed);
    assert_eq!(repository.branches().lines().count(), 2);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_unavailable() {
    let repository = Repository::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [format!("http://{closed}/c.git"), format!("ssh://{closed}/c.git")] {
        let error = git_error(import(&repository, address, Vec::new()).await);
        assert_eq!((cause(&error), error.class()), (Some(Cause::Unreachable), Class::Unavailable));
    }
}

#[tokio::test]
async fn codecommit_goes_through_its_helper() {
    let repository = Repository::new();
    let address = "codecommit::us-west-2://commerce".to_owned();
    let error = git_error(import(&repository, address.clone(), Vec::new()).await);
    assert_eq!(cause(&error), Some(Cause::Helper), "{error}");
    // The real helper signs an https address and lets git's own helper go on with it.
    repository.git(&["config", "http.receivepack", "true"]);
    let server = GitHttp::start(repository.root()).await;
    let url = server.url(WRITER, "commerce.git");
    let helper = format!("#!/bin/sh\nexec git remote-http \"$1\" '{url}'\n");
    let bin = repository.root().join("bin");
    write(&bin, &[("git-remote-codecommit*", &helper)]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut environment = GitHttp::environment(PASSWORD);
    environment.push(("PATH".to_owned(), path));
    assert!(import(&repository, address, environment).await.unwrap().changed);
    assert_eq!(repository.branches().lines().count(), 2);
}

#[tokio::test]
async fn a_distribution_in_a_repository_is_taken_by_tag_branch_or_commit() {
    let repository = Repository::new();
    let dir = folder(
        "8.5.0",
        &[("a*", "$Id$\r\n"), ("b", "-> a"), (".gitattributes", "a export-ignore ident\n")],
    );
    let digest = crate::stage::open(&dir).digest;
    let request = request(&repository, &dir);
    let report = import::import(&ctx().await, &request).await.unwrap();
    repository.git(&["tag", "-a", "v8.5.0", "-m", "x", "main"]);
    for reference in ["v8.5.0", "main", &report.commit] {
        let source = SourceSpec::parse(&format!("{}#{reference}", repository.url())).unwrap();
        let found = fetch(&ctx().await, &source, Limits::default(), &request.git).await.unwrap();
        assert_eq!(found.digest, digest, "{reference}");
        assert!(found.origin.contains(&report.commit), "{}", found.origin);
    }
    let source = SourceSpec::parse(&format!("{}#v9", repository.url())).unwrap();
    let error = fetch(&ctx().await, &source, Limits::default(), &request.git).await.unwrap_err();
    assert!(error.to_string().ends_with("has no branch, tag or commit `v9`"), "{error}");
    let module = format!("160000,{},sub", report.commit);
    let work = repository.work("ann", "main");
    repository.git_in(&work, &["update-index", "--add", "--cacheinfo", &module]);
    repository.git_in(&work, &["commit", "--quiet", "-m", "sub"]);
    repository.git_in(&work, &["push", "--quiet", "origin", "HEAD"]);
    let source = SourceSpec::parse(&format!("{}#main", repository.url())).unwrap();
    let error = fetch(&ctx().await, &source, Limits::default(), &request.git).await.unwrap_err();
    assert!(error.to_string().contains("`sub` is a submodule"), "{error}");
}
