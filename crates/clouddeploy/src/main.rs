//! The `clouddeploy` program.
fn main() {}
