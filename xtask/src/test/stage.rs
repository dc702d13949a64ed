//! The stages of the test, in their order: what is quick to say no comes first.

use clap::ValueEnum;

/// A stage of `cargo xtask test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Stage {
    Fmt,
    Templates,
    Tidy,
    Clippy,
    Doc,
    Unit,
    Doctest,
    Features,
    Examples,
    Journey,
}

impl Stage {
    pub(super) const ALL: [Self; 10] = [
        Self::Fmt,
        Self::Templates,
        Self::Tidy,
        Self::Clippy,
        Self::Doc,
        Self::Unit,
        Self::Doctest,
        Self::Features,
        Self::Examples,
        Self::Journey,
    ];

    /// Whether it plays on the local AWS.
    pub(super) fn plays(self) -> bool {
        self == Self::Journey
    }

    /// As it is typed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Templates => "templates",
            Self::Tidy => "tidy",
            Self::Clippy => "clippy",
            Self::Doc => "doc",
            Self::Unit => "unit",
            Self::Doctest => "doctest",
            Self::Features => "features",
            Self::Examples => "examples",
            Self::Journey => "journey",
        }
    }

    /// What it does, in one line.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Fmt => "the sources are formatted",
            Self::Templates => "the CloudFormation templates pass cfn-lint and our own rules",
            Self::Tidy => "nobody imports whom it must not, and the other rules of the house",
            Self::Clippy => "no warning in any target",
            Self::Doc => "the documentation builds without a warning",
            Self::Unit => "the tests of every crate and program",
            Self::Doctest => "the examples in the documentation",
            Self::Features => "the library without its default features",
            Self::Examples => "the library's examples build",
            Self::Journey => "the whole journey against the local AWS; kills, locks, bad input",
        }
    }

    /// What to do when it fails.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Fmt => "to do: `cargo fmt` formats the files named above",
            Self::Templates => "to do: correct the templates named above",
            Self::Tidy => "to do: correct the places named above; ARCHITECTURE.md says why",
            Self::Clippy => {
                "to do: correct the code named above; `cargo clippy --fix` does some of it"
            }
            Self::Doc => "to do: correct the documentation comments named above",
            Self::Unit => {
                "to do: look at the failed test above; `cargo nextest run NAME` runs it alone"
            }
            Self::Doctest => "to do: correct the example named above",
            Self::Features => "to do: put what needs an AWS service behind that service's feature",
            Self::Examples => "to do: correct the example named above",
            Self::Journey => "to do: `cargo xtask rehearse` shows the same journey step by step",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_in_the_order_and_typed_by_its_name() {
        assert_eq!(Stage::value_variants(), Stage::ALL);
        for stage in Stage::ALL {
            assert_eq!(Stage::from_str(stage.name(), false), Ok(stage));
        }
    }
}
