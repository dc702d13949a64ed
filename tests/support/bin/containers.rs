//! Entry point of `cloudops-containers`, the container program of the local AWS.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloudops_e2e::containers::main(std::env::args().skip(1).collect())
}
