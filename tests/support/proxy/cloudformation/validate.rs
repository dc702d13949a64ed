//! What CloudFormation refuses about a template, in its words.

use std::collections::BTreeSet;
use std::sync::Arc;

use cloudops_aws::cfn::template::{
    INLINE_LIMIT, Template, TemplateError, TemplateErrorKind as Kind,
};
use serde_json::Value;

use super::answer::Fault;
use super::names::name_property;
use super::references;
use super::schema;

/// Reads a template, or says why not.
pub(super) fn read(text: &str) -> Result<Arc<Template>, Fault> {
    let template = Template::parse("template", text).map_err(|error| unreadable(&error))?;
    let unknown: BTreeSet<String> = template
        .resources()
        .into_iter()
        .map(|resource| resource.resource_type)
        .filter(|name| !name.is_empty() && !schema::exists(name))
        .collect();
    if let Some(fault) = refusal(&template.check()) {
        return Err(fault);
    }
    if !unknown.is_empty() {
        let names = unknown.into_iter().collect::<Vec<_>>().join(", ");
        return Err(format_error(&format!("Unrecognized resource types: [{names}]")));
    }
    one_name_each(&template)?;
    attributes(&template)?;
    if template.body().get("Transform").is_some() {
        return Err(Fault::validation("Transforms are not supported by this CloudFormation"));
    }
    Ok(Arc::new(template))
}

/// `Ref` would not know which of two is meant. AWS documents the rule and not its words.
fn one_name_each(template: &Template) -> Result<(), Fault> {
    let parameters = template.parameters();
    let taken = |name: &&String| parameters.iter().any(|one| one.name == **name);
    let resources = template.body()["Resources"].as_object();
    let twice: Vec<&str> = resources
        .into_iter()
        .flat_map(|resources| resources.keys())
        .filter(taken)
        .map(String::as_str)
        .collect();
    if twice.is_empty() {
        return Ok(());
    }
    Err(format_error(&format!(
        "Logical names must be unique within the template: [{}]",
        twice.join(", ")
    )))
}

/// Refuses attributes that a resource's type does not have.
fn attributes(template: &Template) -> Result<(), Fault> {
    let body = template.body();
    for found in
        references::find(&body["Resources"]).into_iter().chain(references::find(&body["Outputs"]))
    {
        let kind = body["Resources"][&found.name]["Type"].as_str().unwrap_or_default();
        if let Some(attribute) =
            found.attribute.filter(|attribute| !schema::has_attribute(kind, attribute))
        {
            return Err(Fault::validation(format!(
                "Template error: resource {} does not support attribute type {attribute} in Fn::GetAtt",
                found.name
            )));
        }
    }
    Ok(())
}

fn unreadable(error: &TemplateError) -> Fault {
    match &error.kind {
        Kind::TooLarge { .. } => Fault::validation(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: \
             Member must have length less than or equal to {INLINE_LIMIT}"
        )),
        Kind::NoResources => format_error("At least one Resources member must be defined."),
        Kind::NotAMapping => format_error("unsupported structure."),
        kind => {
            let place =
                error.location.map(|at| format!(" (line {}, column {})", at.line, at.column));
            format_error(&format!("YAML not well-formed.{} {kind}", place.unwrap_or_default()))
        }
    }
}

/// The first refusal among the errors of a template; references to nothing are named together.
fn refusal(errors: &[TemplateError]) -> Option<Fault> {
    let unresolved = |section: &str| -> Vec<String> {
        let mut names = BTreeSet::new();
        for error in errors.iter().filter(|error| error.path.starts_with(section)) {
            if let Kind::UnknownReference(name) | Kind::UnknownResource(name) = &error.kind {
                names.insert(name.clone());
            }
        }
        names.into_iter().collect()
    };
    if let Some(error) = errors.iter().find(|error| !is_reference(&error.kind)) {
        return Some(one(error));
    }
    for block in ["Resources", "Outputs"] {
        let names = unresolved(block);
        if !names.is_empty() {
            let names = names.join(", ");
            return Some(format_error(&format!(
                "Unresolved resource dependencies [{names}] in the {block} block of the template"
            )));
        }
    }
    let names = unresolved("Conditions");
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format_error(&format!(
            "Unresolved dependencies [{names}]. Cannot reference resources in the Conditions block of the template"
        ))
    })
}

fn is_reference(kind: &Kind) -> bool {
    matches!(kind, Kind::UnknownReference(_) | Kind::UnknownResource(_))
}

fn one(error: &TemplateError) -> Fault {
    let slashes = format!("/{}", error.path.replace('.', "/"));
    match &error.kind {
        Kind::UnknownSection(name) => {
            Fault::validation(format!("Invalid template property or properties [{name}]"))
        }
        Kind::UnknownAttribute(name) => {
            Fault::validation(format!("Invalid template resource property '{name}'"))
        }
        Kind::Null => {
            Fault::validation(format!("[{slashes}] 'null' values are not allowed in templates"))
        }
        Kind::Missing("Type") if error.path.starts_with("Resources") => {
            format_error(&format!("[{slashes}] Every Resources object must contain a Type member."))
        }
        Kind::DependencyCycle(names) => Fault::validation(format!(
            "Circular dependency between resources: [{}]",
            names[..names.len().saturating_sub(1)].join(", ")
        )),
        Kind::UnknownCondition(name) => format_error(&format!(
            "Unresolved condition dependency {name} in the {} block of the template",
            error.path.split('.').next().unwrap_or_default()
        )),
        Kind::BadName(_) => format_error(&format!(
            "Resource name {} is non alphanumeric.",
            error.path.rsplit('.').next().unwrap_or_default()
        )),
        kind => format_error(&format!("[{slashes}] {kind}")),
    }
}

fn format_error(sentence: &str) -> Fault {
    Fault::validation(format!("Template format error: {sentence}"))
}

/// Capabilities that the template needs, with the types that need them.
pub(super) fn capabilities(template: &Template) -> Option<(&'static str, Vec<String>)> {
    let body = &template.body()["Resources"];
    let mut types = BTreeSet::new();
    let mut named = false;
    for resource in template.resources() {
        if resource.resource_type.starts_with("AWS::IAM::") {
            let properties = &body[&resource.logical_id]["Properties"];
            let name = name_property(&resource.resource_type);
            named |= name.is_some_and(|name| !matches!(properties[name], Value::Null));
            types.insert(resource.resource_type);
        }
    }
    let needed = if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
    (!types.is_empty()).then(|| (needed, types.into_iter().collect()))
}

/// Refuses a submission that does not acknowledge what the template needs.
pub(super) fn acknowledged(template: &Template, given: &[String]) -> Result<(), Fault> {
    let Some((needed, _)) = capabilities(template) else {
        return Ok(());
    };
    let has = |name: &str| given.iter().any(|one| one == name);
    if has("CAPABILITY_NAMED_IAM") || has(needed) {
        return Ok(());
    }
    Err(Fault::new(
        "InsufficientCapabilitiesException",
        format!("Requires capabilities : [{needed}]"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text).expect_err("a refusal").message
    }

    #[test]
    fn refusals_have_the_words_of_cloudformation() {
        let unresolved = "Resources:\n  A: {Type: AWS::SNS::Topic, DependsOn: X, Properties: {TopicName: !Ref Y}}\n";
        assert_eq!(
            refused(unresolved),
            "Template format error: Unresolved resource dependencies [X, Y] in the Resources block of the template"
        );
        let circle = "Resources:\n  A: {Type: AWS::SNS::Topic, DependsOn: B}\n  B: {Type: AWS::SNS::Topic, DependsOn: A}\n";
        assert_eq!(refused(circle), "Circular dependency between resources: [A, B]");
        assert_eq!(
            refused("Resources:\n  A: {Type: AWS::SNS::Topik}\n"),
            "Template format error: Unrecognized resource types: [AWS::SNS::Topik]"
        );
        assert_eq!(
            refused("Resources: {}"),
            "Template format error: At least one Resources member must be defined."
        );
        assert_eq!(
            refused("Resource: {}\nResources:\n  A: {Type: AWS::SNS::Topic}\n"),
            "Invalid template property or properties [Resource]"
        );
        let attribute =
            "Resources:\n  A: {Type: AWS::SNS::Topic}\nOutputs:\n  O: {Value: !GetAtt A.Nope}\n";
        assert_eq!(
            refused(attribute),
            "Template error: resource A does not support attribute type Nope in Fn::GetAtt"
        );
        let twice = "Parameters:\n  A: {Type: String}\nResources:\n  A: {Type: AWS::SNS::Topic}\n";
        assert_eq!(
            refused(twice),
            "Template format error: Logical names must be unique within the template: [A]"
        );
        assert!(refused(&"x".repeat(51_201)).ends_with("less than or equal to 51200"));
    }

    #[test]
    fn capabilities_have_to_be_acknowledged() {
        let role = |name: &str| {
            format!(
                "Resources:\n  R: {{Type: AWS::IAM::Role, Properties: {{{name}AssumeRolePolicyDocument: {{}}}}}}\n"
            )
        };
        let plain = read(&role("")).expect("a template");
        let named = read(&role("RoleName: x, ")).expect("a template");
        let refusal = acknowledged(&plain, &[]).expect_err("a refusal");
        assert_eq!(refusal.message, "Requires capabilities : [CAPABILITY_IAM]");
        let iam = ["CAPABILITY_IAM".to_owned()];
        assert_eq!(acknowledged(&plain, &iam), Ok(()));
        let refusal = acknowledged(&named, &iam).expect_err("a refusal");
        assert_eq!(refusal.code, "InsufficientCapabilitiesException");
        assert_eq!(refusal.message, "Requires capabilities : [CAPABILITY_NAMED_IAM]");
    }
}
