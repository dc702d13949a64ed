//! What a template says about one parameter, and whether a value fits it.

use serde_json::Value;

use super::error::Location;
use super::pattern::Pattern;

/// A parameter of a template.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Name in the template.
    pub name: String,
    /// Type such as `String` or `AWS::EC2::VPC::Id`.
    pub parameter_type: String,
    /// Default, as text.
    pub default: Option<String>,
    /// The only values accepted, as text; empty when any is.
    pub allowed_values: Vec<String>,
    /// Regular expression that the whole value has to match.
    pub allowed_pattern: Option<String>,
    /// Fewest characters.
    pub min_length: Option<u64>,
    /// Most characters.
    pub max_length: Option<u64>,
    /// Smallest number.
    pub min_value: Option<f64>,
    /// Largest number.
    pub max_value: Option<f64>,
    /// Whether the value is masked wherever CloudFormation shows it.
    pub no_echo: bool,
    /// What it is for.
    pub description: Option<String>,
    /// What CloudFormation says when a value does not fit.
    pub constraint_description: Option<String>,
    /// Where it is declared.
    pub location: Option<Location>,
}

impl ParameterSpec {
    pub(super) fn read(name: &str, body: &Value, location: Option<Location>) -> Self {
        let number = |key: &str| text(&body[key]).and_then(|text| text.parse::<f64>().ok());
        let length = |key: &str| text(&body[key]).and_then(|text| text.parse::<u64>().ok());
        let allowed = body["AllowedValues"].as_array().into_iter().flatten();
        Self {
            name: name.to_owned(),
            parameter_type: text(&body["Type"]).unwrap_or_default(),
            default: text(&body["Default"]),
            allowed_values: allowed.filter_map(text).collect(),
            allowed_pattern: text(&body["AllowedPattern"]),
            min_length: length("MinLength"),
            max_length: length("MaxLength"),
            min_value: number("MinValue"),
            max_value: number("MaxValue"),
            no_echo: text(&body["NoEcho"]).is_some_and(|text| text.eq_ignore_ascii_case("true")),
            description: text(&body["Description"]),
            constraint_description: text(&body["ConstraintDescription"]),
            location,
        }
    }

    /// Whether the value is a list of values with commas between them.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.parameter_type == "CommaDelimitedList" || self.parameter_type.starts_with("List<")
    }

    /// Whether the value names a Parameter Store parameter that holds the real one.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.parameter_type.starts_with("AWS::SSM::Parameter::Value<")
    }

    /// Checks `value` against the type and the constraints.
    ///
    /// # Errors
    /// A sentence in CloudFormation's own words, such as `Parameter 'Port' must be a number`.
    pub fn validate(&self, value: &str) -> Result<(), String> {
        let items: Vec<&str> =
            if self.is_list() { value.split(',').map(str::trim).collect() } else { vec![value] };
        self.check_type(value, &items)?;
        self.check_constraints(&items).map_err(|sentence| match &self.constraint_description {
            Some(description) => {
                format!("Parameter '{}' failed to satisfy constraint: {description}", self.name)
            }
            None => format!("Parameter '{}' {sentence}", self.name),
        })
    }

    fn check_type(&self, value: &str, items: &[&str]) -> Result<(), String> {
        let kind = self.parameter_type.as_str();
        let numbers = matches!(kind, "Number" | "List<Number>");
        if numbers && items.iter().any(|item| item.parse::<f64>().is_err()) {
            return Err(format!("Parameter '{}' must be a number", self.name));
        }
        if kind.contains("AWS::EC2::") && !self.is_stored() && value.is_empty() {
            return Err(format!(
                "Parameter validation failed: parameter value {value} for parameter name {} does not exist",
                self.name
            ));
        }
        Ok(())
    }

    fn check_constraints(&self, items: &[&str]) -> Result<(), String> {
        for item in items {
            self.check_item(item)?;
        }
        Ok(())
    }

    fn check_item(&self, item: &str) -> Result<(), String> {
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|one| one == item) {
            return Err("must be one of AllowedValues".to_owned());
        }
        if let Some(pattern) = &self.allowed_pattern
            && Pattern::parse(pattern).is_some_and(|parsed| !parsed.matches(item))
        {
            return Err(format!("must match pattern {pattern}"));
        }
        self.check_bounds(item)
    }

    fn check_bounds(&self, item: &str) -> Result<(), String> {
        let length = item.chars().count() as u64;
        match (self.min_length, self.max_length) {
            (Some(least), _) if length < least => {
                return Err(format!("must contain at least {least} characters"));
            }
            (_, Some(most)) if length > most => {
                return Err(format!("must contain at most {most} characters"));
            }
            _ => {}
        }
        let Ok(number) = item.parse::<f64>() else {
            return Ok(());
        };
        match (self.min_value, self.max_value) {
            (Some(least), _) if number < least => {
                Err(format!("must be a number not less than {least}"))
            }
            (_, Some(most)) if number > most => {
                Err(format!("must be a number not greater than {most}"))
            }
            _ => Ok(()),
        }
    }
}

/// A scalar as CloudFormation prints it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
