//! Where something stands in a template, and what can be wrong with it.

use std::fmt;

/// A place in the text of a template, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong with a template, and where.
///
/// Shown as `templates/core/network.yaml:12:5: Resources.Vpc.Properties.CidrBlock: no parameter
/// or resource is named "Cidr"`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Place(self))]
pub struct TemplateError {
    /// Name the template was read under, usually its path.
    pub template: String,
    /// Where in the text, when it is known.
    pub location: Option<Location>,
    /// Path in the template, such as `Resources.Vpc.Properties.CidrBlock`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub kind: TemplateErrorKind,
}

struct Place<'a>(&'a TemplateError);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TemplateError { template, location, path, kind } = self.0;
        write!(formatter, "{template}:")?;
        if let Some(location) = location {
            write!(formatter, "{location}:")?;
        }
        if !path.is_empty() {
            write!(formatter, " {path}:")?;
        }
        write!(formatter, " {kind}")
    }
}

/// The ways in which a template can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// The text is not YAML (or JSON).
    #[error("{0}")]
    Syntax(String),
    /// A mapping has the same key twice.
    #[error("the key \"{0}\" is there twice")]
    DuplicateKey(String),
    /// A short tag such as `!Subb` that CloudFormation does not know.
    #[error("\"{0}\" is not an intrinsic function of CloudFormation")]
    UnknownTag(String),
    /// The text is longer than CloudFormation accepts inline.
    #[error("the template has {bytes} bytes, CloudFormation accepts {limit} inline")]
    TooLarge {
        /// Length of the text.
        bytes: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// The template, or a section of it, is not a mapping.
    #[error("a mapping is expected here")]
    NotAMapping,
    /// There is no `Resources` section, or it is empty.
    #[error("at least one resource is needed under Resources")]
    NoResources,
    /// A top-level key that is not a section of a template.
    #[error("\"{0}\" is not a section of a template")]
    UnknownSection(String),
    /// A resource attribute such as `DependOn` that does not exist.
    #[error("\"{0}\" is not an attribute of a resource")]
    UnknownAttribute(String),
    /// A resource, parameter or output lacks a key that it must have.
    #[error("\"{0}\" is missing")]
    Missing(&'static str),
    /// A logical name with other characters than letters and digits.
    #[error("\"{0}\" is not a logical name: only letters and digits are accepted")]
    BadName(String),
    /// A value is null.
    #[error("null is not accepted in a template")]
    Null,
    /// `Ref`, or `${Name}` in `Fn::Sub`, to nothing.
    #[error("no parameter or resource is named \"{0}\"")]
    UnknownReference(String),
    /// `Fn::GetAtt`, or `${Name.Attribute}` in `Fn::Sub`, to nothing.
    #[error("no resource is named \"{0}\"")]
    UnknownResource(String),
    /// A condition that is not in the `Conditions` section.
    #[error("no condition is named \"{0}\"")]
    UnknownCondition(String),
    /// A mapping, or a key of one, that does not exist.
    #[error("no mapping \"{0}\"")]
    UnknownMapping(String),
    /// The arguments of an intrinsic function have the wrong form.
    #[error("{function} needs {needs}")]
    BadArguments {
        /// The function, such as `Fn::FindInMap`.
        function: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// Resources that need each other; the first name is repeated at the end.
    #[error("the resources need each other in a circle: {}", .0.join(" -> "))]
    DependencyCycle(Vec<String>),
    /// Conditions that need each other; the first name is repeated at the end.
    #[error("the conditions need each other in a circle: {}", .0.join(" -> "))]
    ConditionCycle(Vec<String>),
}
