//! A small evaluator of template functions, for what a price depends on.
//!
//! It is total: what it does not understand, or what only a running stack knows, becomes
//! [`Evaluated::Unknown`] with the reason. It never guesses.

mod conditions;
mod functions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    cfn::template::{ParameterSpec, Template},
    ids::Region,
};

/// Stands in front of the logical id where a `Ref` names a resource: it exists, so that lists of
/// them can be counted, but nobody knows its id.
const RESOURCE_MARK: char = '\u{1}';

/// The same for a resource of another stack, whose id comes by a parameter.
const FOREIGN_MARK: char = '\u{2}';

/// What a part of a template comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Evaluated {
    /// Text, a number or a truth value, as text.
    Text(String),
    /// A list.
    List(Vec<Evaluated>),
    /// A mapping.
    Map(BTreeMap<String, Evaluated>),
    /// It is there, or not, or something, with the reason why nobody knows.
    Unknown(String),
    /// `AWS::NoValue`, or a property that is not there.
    Absent,
}

static ABSENT: Evaluated = Evaluated::Absent;

impl Evaluated {
    /// A property of a mapping; what is not known stays unknown.
    pub(super) fn get(&self, key: &str) -> &Self {
        match self {
            Self::Map(map) => map.get(key).unwrap_or(&ABSENT),
            Self::Unknown(_) => self,
            _ => &ABSENT,
        }
    }

    /// An element of a list; what is not known stays unknown.
    pub(super) fn at(&self, index: usize) -> &Self {
        match self {
            Self::List(items) => items.get(index).unwrap_or(&ABSENT),
            Self::Unknown(_) => self,
            _ => &ABSENT,
        }
    }

    /// The text; nothing when it is absent.
    ///
    /// # Errors
    /// Why it is not known.
    pub(super) fn text(&self) -> Result<Option<&str>, String> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            Self::Absent => Ok(None),
            Self::Unknown(why) => Err(why.clone()),
            Self::List(_) | Self::Map(_) => Err("a text is expected".to_owned()),
        }
    }

    /// The number; nothing when it is absent.
    ///
    /// # Errors
    /// Why it is not known.
    pub(super) fn number(&self) -> Result<Option<f64>, String> {
        let Some(text) = self.text()? else { return Ok(None) };
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ if names_resource(text) => Err("a number comes from a resource".to_owned()),
            _ => Err(format!("`{text}` is not a number")),
        }
    }

    /// How many there are in a list.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn count(&self) -> Result<usize, String> {
        match self {
            Self::List(items) => items.iter().map(Self::count_one).sum(),
            Self::Absent => Ok(0),
            other => other.count_one(),
        }
    }

    fn count_one(&self) -> Result<usize, String> {
        match self {
            Self::Unknown(why) => Err(why.clone()),
            Self::Absent => Ok(0),
            Self::List(_) => self.count(),
            _ => Ok(1),
        }
    }

    /// Logical id of the resource that a `Ref` names here.
    pub(super) fn resource(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.strip_prefix(RESOURCE_MARK),
            _ => None,
        }
    }

    /// Whether it is the text `true`.
    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Text(text) if text == "true")
    }
}

/// Text that another template gets as the value of a parameter.
#[cfg(feature = "stacks")]
pub(super) fn for_another_template(text: &str) -> String {
    text.replace(RESOURCE_MARK, &FOREIGN_MARK.to_string())
}

/// Whether text holds an id that nobody knows yet.
pub(super) fn names_resource(text: &str) -> bool {
    text.contains([RESOURCE_MARK, FOREIGN_MARK])
}

/// Evaluates parts of one template with the values of its parameters.
#[derive(Debug)]
pub(super) struct Evaluator<'a> {
    body: &'a Value,
    parameters: BTreeMap<String, Evaluated>,
    region: &'a Region,
}

impl<'a> Evaluator<'a> {
    /// With the parameters that are given; a parameter that is in `unknown` has a value that
    /// nobody knows yet, others have their default.
    pub(super) fn new(
        template: &'a Template,
        given: &BTreeMap<String, String>,
        unknown: &BTreeSet<String>,
        region: &'a Region,
    ) -> Self {
        let parameters = template.parameters().into_iter().map(|parameter| {
            let value = value_of(&parameter, given, unknown);
            (parameter.name, value)
        });
        Self { body: template.body(), parameters: parameters.collect(), region }
    }

    /// The resources, in the order of the text: logical id, type and body.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
        let body = self.body;
        body["Resources"].as_object().into_iter().flatten().map(|(logical_id, resource)| {
            (logical_id.as_str(), resource["Type"].as_str().unwrap_or_default(), resource)
        })
    }

    /// The properties of a resource of this template.
    pub(super) fn properties(&self, logical_id: &str) -> Evaluated {
        match self.body["Resources"].get(logical_id) {
            Some(resource) => self.evaluate(&resource["Properties"]),
            None => Evaluated::Unknown(format!("there is no resource {logical_id}")),
        }
    }

    /// The value of an output.
    #[cfg(feature = "stacks")]
    pub(super) fn output(&self, name: &str) -> Evaluated {
        let output = &self.body["Outputs"][name];
        match output["Condition"].as_str().map(|condition| self.condition(condition)) {
            Some(Ok(false)) => Evaluated::Absent,
            Some(Err(why)) => Evaluated::Unknown(why),
            Some(Ok(true)) | None => self.evaluate(&output["Value"]),
        }
    }

    /// What a part of the template comes to.
    pub(super) fn evaluate(&self, value: &Value) -> Evaluated {
        match value {
            Value::Null => Evaluated::Absent,
            Value::Bool(truth) => Evaluated::Text(truth.to_string()),
            Value::Number(number) => Evaluated::Text(number.to_string()),
            Value::String(text) => Evaluated::Text(text.clone()),
            Value::Array(items) => Evaluated::List(
                items
                    .iter()
                    .map(|item| self.evaluate(item))
                    .filter(|item| *item != Evaluated::Absent)
                    .collect(),
            ),
            Value::Object(map) => self.object(map),
        }
    }

    fn object(&self, map: &serde_json::Map<String, Value>) -> Evaluated {
        if map.len() == 1
            && let Some((name, argument)) = map.iter().next()
            && (name == "Ref" || name.starts_with("Fn::"))
        {
            return self.function(name, argument);
        }
        Evaluated::Map(
            map.iter()
                .map(|(key, value)| (key.clone(), self.evaluate(value)))
                .filter(|(_, value)| *value != Evaluated::Absent)
                .collect(),
        )
    }
}

fn value_of(
    parameter: &ParameterSpec,
    given: &BTreeMap<String, String>,
    unknown: &BTreeSet<String>,
) -> Evaluated {
    let name = &parameter.name;
    if unknown.contains(name) {
        return Evaluated::Unknown(format!("{name} comes from another stack"));
    }
    if parameter.is_stored() {
        return Evaluated::Unknown(format!("{name} is read from Parameter Store"));
    }
    if parameter.no_echo {
        return Evaluated::Unknown(format!("{name} is a secret"));
    }
    let Some(value) = given.get(name).or(parameter.default.as_ref()) else {
        return Evaluated::Unknown(format!("{name} has no value yet"));
    };
    if !parameter.is_list() {
        return Evaluated::Text(value.clone());
    }
    let items = value.split(',').map(|item| Evaluated::Text(item.trim().to_owned()));
    Evaluated::List(items.collect())
}

#[cfg(test)]
mod tests;
