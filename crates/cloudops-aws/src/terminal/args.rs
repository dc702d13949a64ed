//! Options that every verb of every program takes.

use std::num::NonZeroUsize;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

/// Options that every verb takes.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Settings of the instance [env: CLOUDOPS_CONFIG] [default: cloudops.yaml]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<Utf8PathBuf>,
    /// AWS region; must be that of the instance [env: AWS_REGION]
    #[arg(long, global = true, help_heading = "Global options")]
    pub region: Option<String>,
    /// AWS profile [env: AWS_PROFILE]
    #[arg(long, global = true, help_heading = "Global options")]
    pub profile: Option<String>,
    /// What the output is for [env: CLOUDOPS_OUTPUT] [default: human]
    #[arg(long, global = true, value_enum, help_heading = "Global options")]
    pub output: Option<OutputArg>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub color: ColorArg,
    /// Say more about what happens, on standard error; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Do not report progress
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// How many stacks are worked on at once [env: CLOUDOPS_CONCURRENCY] [default: 8]
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    pub concurrency: Option<NonZeroUsize>,
    /// Answer yes to every question
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub yes: bool,
}

/// What the output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputArg {
    /// Text for people
    Human,
    /// JSON: events as lines on standard error, the result on standard output
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
