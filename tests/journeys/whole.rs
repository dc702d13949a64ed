//! All steps of the rehearsal with all of its checks.

use cloudops_e2e::rehearsal::printer::{Printer, Target};
use cloudops_e2e::rehearsal::{Component, Options, Runner, run};

use crate::stand;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_journey() {
    let options = Options {
        kit: stand::kit(),
        work: stand::work("whole").await,
        keep: false,
        component: None,
        runner: Runner::BuildServer,
        printer: Printer::new(Target::Errors),
    };
    let printer = options.printer;
    let outcome = run(options).await.unwrap();
    outcome.print(printer);
    assert!(outcome.passed, "{}", outcome.failure.unwrap_or_default());
    assert_eq!(outcome.storefront.len(), 3, "before, after, and rolled back");
    assert!(outcome.height.is_some() && outcome.kept.is_some());
    assert!(!outcome.simulated.is_empty(), "what is not AWS is named");
}

/// What agents do, done at a desk: no job, the same package.
#[tokio::test(flavor = "multi_thread")]
async fn packages_are_built_here_as_on_the_build_server() {
    let options = Options {
        kit: stand::kit(),
        work: stand::work("local").await,
        keep: false,
        component: Some(Component::Cloudteam),
        runner: Runner::Local,
        printer: Printer::new(Target::Errors),
    };
    let printer = options.printer;
    let outcome = run(options).await.unwrap();
    outcome.print(printer);
    assert!(outcome.passed, "{}", outcome.failure.unwrap_or_default());
    let built = outcome.steps.iter().any(|step| step.command.contains("--runner local"));
    assert!(built, "{:?}", outcome.steps);
}
