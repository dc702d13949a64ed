//! The commands of the README do what it says.

use std::path::Path;

use trycmd::schema::Bin;

#[test]
fn the_readme_is_true() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("cloudcore", Path::new(env!("CARGO_BIN_EXE_cloudcore")));
    // Their own tests run these.
    cases.register_bin("cloudteam", Bin::Ignore).register_bin("clouddeploy", Bin::Ignore);
    cases.case("../../README.md");
}
