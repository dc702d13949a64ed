//! Entry point of the `jenkins` support program.
fn main() {}
