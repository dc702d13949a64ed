//! Reads a CloudFormation template into long-form JSON that remembers where each value stood.
//!
//! [`Template::parse`] accepts what CloudFormation accepts: YAML with short tags (`!Ref`,
//! `!GetAtt`, `!Sub`, ...) or JSON. It is strict where YAML is treacherous: only `true` and `false`
//! are booleans, a key may be there once, `2012-10-17` and `012345678901` are text.
//! [`Template::check`] then finds what CloudFormation would refuse: references to nothing, circles,
//! unknown sections. Every error names the line and column.
//!
//! ```
//! use cloudops_aws::cfn::template::Template;
//!
//! let text = "Resources:\n  Logs:\n    Type: AWS::S3::Bucket\n    DependsOn: Nothing\n";
//! let template = Template::parse("logs.yaml", text)?;
//! assert_eq!(
//!     template.check()[0].to_string(),
//!     "logs.yaml:4:16: Resources.Logs.DependsOn: no resource is named \"Nothing\"",
//! );
//! # Ok::<(), cloudops_aws::cfn::template::TemplateError>(())
//! ```

mod check;
mod error;
mod graph;
mod long_form;
mod parameter;
mod pattern;
mod references;
mod resource;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::ids::Digest;

pub use error::{Location, TemplateError, TemplateErrorKind};
pub use parameter::ParameterSpec;
pub use resource::ResourceSpec;

/// The most bytes that CloudFormation accepts inline.
pub const INLINE_LIMIT: usize = 51_200;

/// A template: its text, its long form, and where every value stands.
#[derive(Debug, Clone)]
pub struct Template {
    name: String,
    text: String,
    body: Value,
    locations: long_form::Locations,
}

impl Template {
    /// Reads `text`, called `name` in errors (usually its path).
    ///
    /// # Errors
    /// The first thing that keeps it from being a template: syntax, a key that is there twice, an
    /// unknown short tag, more than [`INLINE_LIMIT`] bytes, no resources.
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateError> {
        let refuse = |(location, kind)| TemplateError {
            template: name.to_owned(),
            location,
            path: String::new(),
            kind,
        };
        if text.len() > INLINE_LIMIT {
            let kind = TemplateErrorKind::TooLarge { bytes: text.len(), limit: INLINE_LIMIT };
            return Err(refuse((None, kind)));
        }
        let root = yaml::read(text).map_err(refuse)?;
        let start = Some(root.location);
        let (body, locations) = long_form::convert(root).map_err(refuse)?;
        let kind = match &body {
            Value::Object(map) if has_resources(map) => None,
            Value::Object(_) => Some(TemplateErrorKind::NoResources),
            _ => Some(TemplateErrorKind::NotAMapping),
        };
        match kind {
            Some(kind) => Err(refuse((start, kind))),
            None => Ok(Self { name: name.to_owned(), text: text.to_owned(), body, locations }),
        }
    }

    /// Everything else that CloudFormation would refuse; empty for a good template.
    #[must_use]
    pub fn check(&self) -> Vec<TemplateError> {
        check::check(self)
    }

    /// The name it was read under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text as it was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The long form: `{"Ref": ..}`, `{"Fn::GetAtt": [resource, attribute]}`, `{"Fn::Sub": ..}`.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// SHA-256 of the text in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        Digest::of(self.text.as_bytes()).hex().to_owned()
    }

    /// The parameters, in the order of the text.
    #[must_use]
    pub fn parameters(&self) -> Vec<ParameterSpec> {
        let located = |name: &str| self.locate(&long_form::join("Parameters", name));
        self.section("Parameters")
            .map(|(name, body)| ParameterSpec::read(name, body, located(name)))
            .collect()
    }

    /// Names of the outputs, in the order of the text.
    #[must_use]
    pub fn outputs(&self) -> Vec<String> {
        self.section("Outputs").map(|(name, _)| name.clone()).collect()
    }

    /// The resources, in the order of the text.
    #[must_use]
    pub fn resources(&self) -> Vec<ResourceSpec> {
        let names: BTreeSet<&str> =
            self.section("Resources").map(|(name, _)| name.as_str()).collect();
        let located = |name: &str| self.locate(&long_form::join("Resources", name));
        self.section("Resources")
            .map(|(name, body)| ResourceSpec::read(name, body, &names, located(name)))
            .collect()
    }

    /// Where `path` (such as `Resources.Vpc.Properties.Tags.0`) stands, or else the nearest part
    /// of the template around it.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<Location> {
        let mut path = path;
        loop {
            if let Some(location) = self.locations.get(path) {
                return Some(*location);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.body[name].as_object().into_iter().flatten()
    }

    fn error(&self, path: &str, kind: TemplateErrorKind) -> TemplateError {
        TemplateError {
            template: self.name.clone(),
            location: self.locate(path),
            path: path.to_owned(),
            kind,
        }
    }
}

fn has_resources(body: &Map<String, Value>) -> bool {
    body.get("Resources").is_some_and(|resources| match resources {
        Value::Object(map) => !map.is_empty(),
        // Something else than a mapping is reported by `check`, with its place.
        other => !other.is_null(),
    })
}
