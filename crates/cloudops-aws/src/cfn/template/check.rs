//! What CloudFormation would refuse, found before it is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::error::{TemplateError, TemplateErrorKind as Kind};
use super::long_form::join;
use super::references::{self, Target};
use super::{Template, graph, resource};

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

const PSEUDO: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Everything that is wrong with `template`, in the order of its sections.
pub(super) fn check(template: &Template) -> Vec<TemplateError> {
    let mut check = Check { template, errors: Vec::new() };
    check.sections();
    check.nulls(template.body(), "");
    check.parameters();
    check.conditions();
    check.resources();
    check.outputs();
    check.cycles();
    check.errors
}

struct Check<'a> {
    template: &'a Template,
    errors: Vec<TemplateError>,
}

impl<'a> Check<'a> {
    fn add(&mut self, path: &str, kind: Kind) {
        let error = self.template.error(path, kind);
        self.errors.push(error);
    }

    fn section(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.template.body()[name].as_object()
    }

    fn has(&self, section: &str, name: &str) -> bool {
        self.section(section).is_some_and(|section| section.contains_key(name))
    }

    fn sections(&mut self) {
        let Some(body) = self.template.body().as_object() else {
            return;
        };
        for (name, value) in body {
            if !SECTIONS.contains(&name.as_str()) {
                self.add(name, Kind::UnknownSection(name.clone()));
            }
            let mapping = matches!(
                name.as_str(),
                "Parameters" | "Mappings" | "Conditions" | "Resources" | "Outputs"
            );
            if mapping && !value.is_object() {
                self.add(name, Kind::NotAMapping);
            }
        }
    }

    fn nulls(&mut self, value: &Value, path: &str) {
        match value {
            Value::Null => self.add(path, Kind::Null),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.nulls(item, &join(path, &index.to_string()));
                }
            }
            Value::Object(map) => {
                for (key, inner) in map {
                    self.nulls(inner, &join(path, key));
                }
            }
            _ => {}
        }
    }

    fn parameters(&mut self) {
        for (name, body) in self.section("Parameters").into_iter().flatten() {
            let path = join("Parameters", name);
            self.name(name, &path);
            if body["Type"].as_str().is_none() {
                self.add(&path, Kind::Missing("Type"));
            }
        }
    }

    fn conditions(&mut self) {
        for (name, body) in self.section("Conditions").into_iter().flatten() {
            let path = join("Conditions", name);
            // A condition is decided before any resource exists, so it sees parameters only.
            self.references(body, &path, true);
        }
    }

    fn resources(&mut self) {
        for (name, body) in self.section("Resources").into_iter().flatten() {
            // A loop of the language extensions stands where a resource would.
            if name.starts_with("Fn::") {
                continue;
            }
            let path = join("Resources", name);
            self.name(name, &path);
            self.resource(body, &path);
        }
    }

    fn resource(&mut self, body: &Value, path: &str) {
        let Some(map) = body.as_object() else {
            return self.add(path, Kind::NotAMapping);
        };
        if body["Type"].as_str().is_none_or(str::is_empty) {
            self.add(path, Kind::Missing("Type"));
        }
        for key in map.keys().filter(|key| !ATTRIBUTES.contains(&key.as_str())) {
            self.add(&join(path, key), Kind::UnknownAttribute(key.clone()));
        }
        for (step, name) in resource::depends_on(body) {
            if !self.has("Resources", name) {
                self.add(&join(path, &step), Kind::UnknownResource(name.to_owned()));
            }
        }
        self.condition_attribute(body, path);
        self.references(body, path, false);
    }

    fn outputs(&mut self) {
        for (name, body) in self.section("Outputs").into_iter().flatten() {
            let path = join("Outputs", name);
            self.name(name, &path);
            if body.get("Value").is_none() {
                self.add(&path, Kind::Missing("Value"));
            }
            self.condition_attribute(body, &path);
            self.references(body, &path, false);
        }
    }

    fn condition_attribute(&mut self, body: &Value, path: &str) {
        if let Some(condition) = body["Condition"].as_str()
            && !self.has("Conditions", condition)
        {
            self.add(&join(path, "Condition"), Kind::UnknownCondition(condition.to_owned()));
        }
    }

    fn references(&mut self, value: &Value, path: &str, in_conditions: bool) {
        for found in references::find(value, path, in_conditions) {
            if let Some(kind) = self.refusal(&found.target, in_conditions) {
                self.add(&found.path, kind);
            }
        }
    }

    fn refusal(&self, target: &Target, in_conditions: bool) -> Option<Kind> {
        match target {
            Target::Ref(name) => {
                let known = PSEUDO.contains(&name.as_str())
                    || self.has("Parameters", name)
                    || (!in_conditions && self.has("Resources", name));
                (!known).then(|| Kind::UnknownReference(name.clone()))
            }
            Target::Attribute(name) => {
                let known = !in_conditions && self.has("Resources", name);
                (!known).then(|| Kind::UnknownResource(name.clone()))
            }
            Target::Condition(name) => {
                (!self.has("Conditions", name)).then(|| Kind::UnknownCondition(name.clone()))
            }
            Target::Mapping { map, keys, has_default } => self.mapping(map, keys, *has_default),
        }
    }

    fn mapping(&self, map: &str, keys: &[Option<String>; 2], has_default: bool) -> Option<Kind> {
        let Some(mut at) = self.section("Mappings").and_then(|maps| maps.get(map)) else {
            return Some(Kind::UnknownMapping(map.to_owned()));
        };
        let mut path = map.to_owned();
        for key in keys {
            // A key that is computed is known only when the stack is made.
            let key = key.as_ref().filter(|_| !has_default)?;
            path = join(&path, key);
            match at.get(key) {
                Some(inner) => at = inner,
                None => return Some(Kind::UnknownMapping(path)),
            }
        }
        None
    }

    fn name(&mut self, name: &str, path: &str) {
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            self.add(path, Kind::BadName(name.to_owned()));
        }
    }

    fn cycles(&mut self) {
        let resources: BTreeMap<_, _> = self
            .template
            .resources()
            .into_iter()
            .map(|resource| (resource.logical_id, resource.depends_on))
            .collect();
        if let Some(names) = graph::cycle(&resources) {
            let path = join("Resources", &names[0]);
            self.add(&path, Kind::DependencyCycle(names));
        }
        if let Some(names) = graph::cycle(&self.condition_edges()) {
            let path = join("Conditions", &names[0]);
            self.add(&path, Kind::ConditionCycle(names));
        }
    }

    fn condition_edges(&self) -> BTreeMap<String, BTreeSet<String>> {
        let conditions = self.section("Conditions").into_iter().flatten();
        conditions
            .map(|(name, body)| {
                let needs = references::find(body, "", true).into_iter();
                let names = needs.filter_map(|found| match found.target {
                    Target::Condition(name) => Some(name),
                    _ => None,
                });
                (name.clone(), names.collect())
            })
            .collect()
    }
}
