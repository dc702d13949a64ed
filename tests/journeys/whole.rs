//! All steps of the rehearsal with all of its checks.

use cloudops_e2e::rehearsal::printer::{Printer, Target};
use cloudops_e2e::rehearsal::{Options, run};

use crate::stand;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_journey() {
    let options = Options {
        kit: stand::kit(),
        work: stand::work("whole").await,
        keep: false,
        component: None,
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
