//! `cloudops-jenkins`: a stand-in for the build server that speaks the documented protocol of
//! Jenkins strictly, and really runs the shell steps of its jobs.
//!
//! Strict means: it refuses what Jenkins refuses (no credentials, no crumb of the session, a name
//! that is taken, broken XML, a disabled job, an undeclared choice, a Jenkinsfile that does not
//! compile), it drops parameters that a job does not declare, and it forgets queue items. What it
//! is not, [`simulated`] says.
//!
//! A request meets the boot page, credentials and crumb (`routes`), then its item
//! (`item_routes`) or build (`build_routes`); a build waits in the queue (`controller`) and
//! runs its Jenkinsfile (`pipeline`, `run`, `steps`, `shell`, `git`, `junit`). All state is in files laid out as
//! `JENKINS_HOME` (`store`), so that it survives a restart; queue and sessions do not, as when
//! Jenkins crashes.

mod archive;
mod auth;
mod build_routes;
mod controller;
mod credentials;
mod definition;
mod downstream;
mod git;
mod item_routes;
mod junit;
mod options;
mod pipeline;
mod poll;
mod queue;
mod request;
mod retention;
mod routes;
mod run;
mod server;
mod shell;
mod steps;
mod store;
mod views;

#[cfg(test)]
mod tests;

pub use options::Options;
pub use server::{Server, ServerError};

/// What is not Jenkins here: one sentence each, for the rehearsal's summary.
#[must_use]
pub fn simulated() -> Vec<String> {
    [
        "Jenkins: a stand-in with Jenkins' HTTP protocol ran the jobs; there was no Java, no \
         plugin, no agent other than this machine.",
        "Jenkins: cron triggers are kept in the job and start nothing; polling follows its own \
         interval, not the times of the job.",
        "Jenkins: the stand-in refuses a `config.xml` with anything that it does not know; Jenkins \
         would drop that in silence.",
    ]
    .map(str::to_owned)
    .to_vec()
}
