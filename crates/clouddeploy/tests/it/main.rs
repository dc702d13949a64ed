//! `clouddeploy` as a process: exit code, standard output, standard error.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

mod bad_packages;
mod images;
mod input;
mod readme;
mod start;
mod state;

use cloudops_e2e::binary::{Program, SETTINGS};

/// The program with the settings of the tests.
fn clouddeploy() -> Program {
    Program::new(env!("CARGO_BIN_EXE_clouddeploy")).file("cloudops.yaml", SETTINGS)
}

/// Compares what a program did with what is written in the test.
macro_rules! says {
    ($ran:expr, @$expected:literal) => {
        let ran = $ran;
        insta::with_settings!({ filters => cloudops_e2e::binary::FILTERS }, {
            insta::assert_snapshot!(ran, @$expected);
        })
    };
}
pub(crate) use says;
