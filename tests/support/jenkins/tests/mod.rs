//! The stand-in: its rules by raw requests, its jobs by our own client.

mod agents;
mod commits;
mod jenkinsfile;
mod jobs;
mod rules;

use std::{path::Path, time::Duration};

use cloudops_aws::{
    jenkins::{Connect, ItemPath, Jenkins},
    redact::Secret,
    wait::Pace,
};
use tempfile::TempDir;

use super::{Options, Server};

const PASSWORD: &str = "hunter2";
const PACE: Pace = Pace {
    first: Duration::from_millis(10),
    longest: Duration::from_millis(50),
    deadline: Duration::from_secs(60),
};

/// A home with the password file in it.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    home
}

fn options(home: &Path) -> Options {
    let mut options = Options::new(home.join("jenkins"), home.join("password"));
    options.env = vec![("TOOL".to_owned(), "from the agent".to_owned())];
    options
}

async fn start(home: &TempDir) -> Server {
    Server::start(options(home.path())).await.unwrap()
}

fn client(server: &Server, secret: &str) -> Jenkins {
    let connect = Connect {
        url: server.endpoint().parse().unwrap(),
        user: "admin".to_owned(),
        secret: Secret::new(secret),
        user_agent: "test/1".to_owned(),
    };
    Jenkins::new(connect).unwrap()
}

fn path(text: &str) -> ItemPath {
    text.parse().unwrap()
}
