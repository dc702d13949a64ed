//! The commands of the README and of the guide do what they say.

use std::path::Path;

use cloudops_e2e::binary::Program;
use trycmd::schema::Bin;

#[test]
fn the_readme_is_true() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("cloudcore", Path::new(env!("CARGO_BIN_EXE_cloudcore")));
    // Their own tests run these.
    cases.register_bin("cloudteam", Bin::Ignore).register_bin("clouddeploy", Bin::Ignore);
    cases.case("../../README.md");
}

/// The commands that need no AWS, in order, in one folder: a newcomer's first minutes.
#[tokio::test]
async fn the_guide_is_true() {
    let guide = include_str!("../../../../docs/guide/cloudcore.md");
    let program = Program::new(env!("CARGO_BIN_EXE_cloudcore"));
    let lines: Vec<&str> =
        guide.lines().filter_map(|line| line.strip_prefix("$ cloudcore ")).collect();
    assert!(lines.len() >= 2, "{lines:?}");
    for line in lines {
        let ran = program.run(line).await;
        assert_eq!(ran.code, Some(0), "cloudcore {line}: {ran}");
    }
}
