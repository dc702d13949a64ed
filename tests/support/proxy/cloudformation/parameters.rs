//! Parameters of a submission, checked as CloudFormation checks them.

use std::collections::BTreeMap;

use cloudops_aws::cfn::template::{ParameterSpec, Template};
use serde_json::{Value, json};

use super::answer::Fault;
use super::form::Form;
use super::intrinsics::Scope;
use super::names::Place;
use super::state::Parameter;
use crate::proxy::upstream::Upstream;

/// Image that public parameters stand for: the emulator has no AWS-owned ones.
const IMAGE: &str = "ami-0c0ffee0c0ffee000";

/// The parameters of a request, completed by defaults and by what the stack had.
pub(super) fn read(
    form: &Form,
    template: &Template,
    previous: Option<&BTreeMap<String, Parameter>>,
) -> Result<BTreeMap<String, Parameter>, Fault> {
    let specs = template.parameters();
    let given = given(form, &specs, previous)?;
    let mut missing = Vec::new();
    let mut parameters = BTreeMap::new();
    for spec in &specs {
        match given.get(&spec.name).or(spec.default.as_ref()) {
            None => missing.push(spec.name.clone()),
            Some(value) => {
                spec.validate(value).map_err(Fault::validation)?;
                let parameter =
                    Parameter { value: value.clone(), resolved: None, no_echo: spec.no_echo };
                parameters.insert(spec.name.clone(), parameter);
            }
        }
    }
    if missing.is_empty() {
        return Ok(parameters);
    }
    let names = missing.join(", ");
    Err(Fault::validation(format!("Parameters: [{names}] must have values")))
}

fn given(
    form: &Form,
    specs: &[ParameterSpec],
    previous: Option<&BTreeMap<String, Parameter>>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    for mut field in form.structures("Parameters") {
        let name = field.remove("ParameterKey").unwrap_or_default();
        if !specs.iter().any(|spec| spec.name == name) {
            unknown.push(name);
            continue;
        }
        let keep =
            field.get("UsePreviousValue").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        if keep {
            let value = previous.and_then(|previous| previous.get(&name)).ok_or_else(|| {
                Fault::validation(format!(
                    "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                ))
            })?;
            values.insert(name, value.value.clone());
        } else if let Some(value) = field.remove("ParameterValue") {
            values.insert(name, value);
        }
    }
    if unknown.is_empty() {
        return Ok(values);
    }
    let names = unknown.join(", ");
    Err(Fault::validation(format!("Parameters: [{names}] do not exist in the template")))
}

/// Asks Parameter Store for the parameters that name a stored one.
pub(super) async fn look_up(
    upstream: &Upstream,
    template: &Template,
    parameters: &mut BTreeMap<String, Parameter>,
) -> Result<(), Fault> {
    for spec in template.parameters().into_iter().filter(ParameterSpec::is_stored) {
        let Some(parameter) = parameters.get_mut(&spec.name) else {
            continue;
        };
        let value = stored(upstream, &parameter.value).await;
        parameter.resolved = Some(value.ok_or_else(|| {
            Fault::validation(format!(
                "Unable to fetch parameters [{}] from parameter store for this account.",
                parameter.value
            ))
        })?);
    }
    Ok(())
}

/// A stored parameter; public ones that the emulator lacks are always the same image.
pub(super) async fn stored(upstream: &Upstream, name: &str) -> Option<String> {
    let body = json!({"Name": name, "WithDecryption": true});
    match upstream.json("ssm", "AmazonSSM.GetParameter", &body).await {
        Ok(answer) => answer["Parameter"]["Value"].as_str().map(str::to_owned),
        Err(_) if name.starts_with("/aws/service/") => Some(IMAGE.to_owned()),
        Err(_) => None,
    }
}

/// The scope of a template with these parameters, before its conditions are decided.
pub(super) fn scope(
    template: &Template,
    parameters: &BTreeMap<String, Parameter>,
    place: &Place,
    stack: (&str, &str),
    notifications: &[String],
) -> Scope {
    let mut scope = Scope { pseudo: pseudo(place, stack, notifications), ..Scope::default() };
    for spec in template.parameters() {
        if let Some(parameter) = parameters.get(&spec.name) {
            scope.parameters.insert(spec.name.clone(), value(&spec, parameter));
        }
    }
    scope
}

fn value(spec: &ParameterSpec, parameter: &Parameter) -> Value {
    let text = parameter.resolved.as_ref().unwrap_or(&parameter.value);
    let stored_list = spec.is_stored()
        && (spec.parameter_type.contains("<List<")
            || spec.parameter_type.contains("<CommaDelimitedList>"));
    if !spec.is_list() && !stored_list {
        return Value::String(text.clone());
    }
    if text.is_empty() {
        return json!([""]);
    }
    text.split(',').map(|item| Value::from(item.trim())).collect()
}

fn pseudo(
    place: &Place,
    (name, id): (&str, &str),
    notifications: &[String],
) -> BTreeMap<String, Value> {
    let values = [
        ("AccountId", json!(place.account)),
        ("NotificationARNs", json!(notifications)),
        ("Partition", json!("aws")),
        ("Region", json!(place.region)),
        ("StackId", json!(id)),
        ("StackName", json!(name)),
        ("URLSuffix", json!("amazonaws.com")),
    ];
    values.into_iter().map(|(name, value)| (format!("AWS::{name}"), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Parameters:\n  A: {Type: String}\n  B: {Type: Number, Default: 2}\n  \
        L: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 's-1, s-2'}\nResources:\n  R: {Type: AWS::SNS::Topic}\n";

    fn form(pairs: &[(&str, &str, &str)]) -> Form {
        let mut fields = BTreeMap::new();
        for (index, (key, kind, value)) in pairs.iter().enumerate() {
            let prefix = format!("Parameters.member.{}", index + 1);
            fields.insert(format!("{prefix}.ParameterKey"), (*key).to_owned());
            fields.insert(format!("{prefix}.{kind}"), (*value).to_owned());
        }
        Form(fields)
    }

    fn refused(pairs: &[(&str, &str, &str)]) -> String {
        let template = Template::parse("t", TEMPLATE).expect("a template");
        read(&form(pairs), &template, None).expect_err("a refusal").message
    }

    #[test]
    fn refusals_have_the_words_of_cloudformation() {
        assert_eq!(refused(&[]), "Parameters: [A] must have values");
        let unknown = [("A", "ParameterValue", "x"), ("Z", "ParameterValue", "y")];
        assert_eq!(refused(&unknown), "Parameters: [Z] do not exist in the template");
        let number = [("A", "ParameterValue", "x"), ("B", "ParameterValue", "y")];
        assert_eq!(refused(&number), "Parameter 'B' must be a number");
    }

    #[test]
    fn constraints_are_refused_in_the_words_of_cloudformation() {
        let check = |constraint: &str, value: &str, expect: &str| {
            let text = format!(
                "Parameters:\n  P: {{{constraint}}}\nResources:\n  R: {{Type: AWS::SNS::Topic}}\n"
            );
            let template = Template::parse("t", &text).expect("a template");
            let refused = read(&form(&[("P", "ParameterValue", value)]), &template, None);
            assert_eq!(refused.expect_err("a refusal").message, expect, "{constraint}");
        };
        let text = "Type: String";
        check(
            &format!("{text}, AllowedValues: [a, b]"),
            "c",
            "Parameter 'P' must be one of AllowedValues",
        );
        check(
            &format!("{text}, AllowedPattern: '[a-z]+'"),
            "1",
            "Parameter 'P' must match pattern [a-z]+",
        );
        check(
            &format!("{text}, MinLength: 3"),
            "ab",
            "Parameter 'P' must contain at least 3 characters",
        );
        check(
            &format!("{text}, MaxLength: 1"),
            "ab",
            "Parameter 'P' must contain at most 1 characters",
        );
        check("Type: Number, MinValue: 3", "2", "Parameter 'P' must be a number not less than 3");
        check(
            "Type: Number, MaxValue: 3",
            "4",
            "Parameter 'P' must be a number not greater than 3",
        );
        check(
            &format!("{text}, AllowedValues: [a], ConstraintDescription: say a"),
            "c",
            "Parameter 'P' failed to satisfy constraint: say a",
        );
    }

    #[test]
    fn previous_values_are_kept() {
        let template = Template::parse("t", TEMPLATE).expect("a template");
        let before = Parameter { value: "old".to_owned(), resolved: None, no_echo: false };
        let before = BTreeMap::from([("A".to_owned(), before)]);
        let found = read(&form(&[("A", "UsePreviousValue", "true")]), &template, Some(&before));
        let found = found.expect("parameters");
        assert_eq!(found["A"].value, "old");
        let place = Place { region: "us-west-2".to_owned(), account: "1".to_owned() };
        let scope = scope(&template, &found, &place, ("n", "i"), &[]);
        assert_eq!(scope.parameters["L"], json!(["s-1", "s-2"]));
        assert_eq!(scope.parameters["B"], json!("2"));
    }
}
