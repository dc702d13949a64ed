//! Existing resources that a change set brings into a stack: what is asked for, and what AWS
//! refuses about it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::comparison::Snapshot;
use crate::proxy::cloudformation::form::Form;
use crate::proxy::cloudformation::provision;
use crate::proxy::cloudformation::state::{Desired, Import, State};

/// What a request wants to import.
pub(super) fn read(form: &Form) -> Result<Vec<Import>, Fault> {
    let mut imports = Vec::new();
    for (index, fields) in form.structures("ResourcesToImport").into_iter().enumerate() {
        let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let parts: Vec<String> = (1..)
            .map_while(|part| {
                fields.get(&format!("ResourceIdentifier.entry.{part}.value")).cloned()
            })
            .collect();
        if parts.is_empty() {
            return Err(Fault::validation(format!(
                "1 validation error detected: Value null at 'resourcesToImport.{}.member.resourceIdentifier' failed to satisfy constraint: Member must not be null",
                index + 1
            )));
        }
        imports.push(Import {
            logical_id: text("LogicalResourceId"),
            resource_type: text("ResourceType"),
            identifier: parts.join("|"),
        });
    }
    if imports.is_empty() {
        return Err(Fault::validation("Must Provide at least one resource to import"));
    }
    Ok(imports)
}

/// Refuses what cannot be imported; gives back the changes of the change set.
pub(super) fn changes(
    imports: &[Import],
    desired: &Desired,
    before: Option<&Snapshot>,
    changes: &[Value],
) -> Result<Vec<Value>, Fault> {
    named_once(imports, desired)?;
    only_imports(imports, changes)?;
    let resources = &desired.template.body()["Resources"];
    let careless =
        listed(imports, |import| resources[&import.logical_id].get("DeletionPolicy").is_none());
    if let Some(names) = careless {
        return Err(Fault::validation(format!(
            "The following resources to import [{names}] must have DeletionPolicy attribute specified in the template."
        )));
    }
    nothing_else(desired, before)?;
    Ok(imports.iter().map(change).collect())
}

fn named_once(imports: &[Import], desired: &Desired) -> Result<(), Fault> {
    let names: BTreeSet<&str> = imports.iter().map(|import| import.logical_id.as_str()).collect();
    if names.len() < imports.len() {
        return Err(Fault::validation(
            "Every resource to import must have unique LogicalResourceId",
        ));
    }
    let resources = &desired.template.body()["Resources"];
    if let Some(names) = listed(imports, |import| resources.get(&import.logical_id).is_none()) {
        return Err(Fault::validation(format!(
            "The logical resource ids [{names}] provided in ResourceToImport do not exist in the template."
        )));
    }
    for Import { logical_id, resource_type, .. } in imports {
        let declared = resources[logical_id]["Type"].as_str().unwrap_or_default();
        if declared != resource_type {
            return Err(Fault::validation(format!(
                "Resource type of [{logical_id}] passed in ResourceToImport does not match with resource type defined in the template. Resource type in ResourceToImport: {resource_type}; Resource type in Template: {declared}."
            )));
        }
    }
    let unsupported: BTreeSet<&str> = imports
        .iter()
        .map(|import| import.resource_type.as_str())
        .filter(|kind| !provision::can_import(kind))
        .collect();
    if unsupported.is_empty() {
        return Ok(());
    }
    let kinds = unsupported.into_iter().collect::<Vec<_>>().join(", ");
    Err(Fault::validation(format!("ResourceTypes [{kinds}] are not supported for Import")))
}

/// An import adds what it imports and touches nothing else.
fn only_imports(imports: &[Import], changes: &[Value]) -> Result<(), Fault> {
    let with = |adds: bool| -> Vec<&str> {
        let changes = changes.iter().map(|change| &change["ResourceChange"]);
        let these = changes.filter(|change| (change["Action"] == "Add") == adds);
        these.filter_map(|change| change["LogicalResourceId"].as_str()).collect()
    };
    let (added, touched) = (with(true), with(false));
    if added.is_empty() {
        return Err(Fault::validation(
            "The template should contain at least one new resource to import.",
        ));
    }
    if let Some(names) = listed(imports, |import| !added.contains(&import.logical_id.as_str())) {
        return Err(Fault::validation(format!(
            "Resources [{names}] passed in ResourceToImport are already in a stack and cannot be imported."
        )));
    }
    let imported = |name: &&str| imports.iter().any(|import| import.logical_id == **name);
    let missing: Vec<&str> = added.into_iter().filter(|name| !imported(name)).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        return Err(Fault::validation(format!(
            "Resources [{names}] is missing from ResourceToImport list"
        )));
    }
    if touched.is_empty() {
        return Ok(());
    }
    let names = touched.join(", ");
    Err(Fault::validation(format!(
        "You have modified resources [{names}] in your template that are not being imported. Update, create or delete operations cannot be executed during import operations."
    )))
}

fn nothing_else(desired: &Desired, before: Option<&Snapshot>) -> Result<(), Fault> {
    let old = before.and_then(|before| before.desired.as_ref());
    let outputs = |desired: &Desired| desired.template.body()["Outputs"].clone();
    let mut changed = Vec::new();
    if outputs(desired) != old.map(outputs).unwrap_or_default() {
        changed.push("Outputs");
    }
    if desired.tags != old.map(|old| old.tags.clone()).unwrap_or_default() {
        changed.push("Tags");
    }
    if changed.is_empty() {
        return Ok(());
    }
    let names = changed.join(", ");
    Err(Fault::validation(format!(
        "As part of the import operation, you cannot modify or add [{names}]"
    )))
}

/// Why a resource cannot be taken from where it is.
pub(super) fn taken(imports: &[Import], state: &State) -> Option<String> {
    imports.iter().find_map(|import| {
        let has = |stack: &&crate::proxy::cloudformation::state::Stack| {
            let is_it = |one: &crate::proxy::cloudformation::state::Resource| {
                one.resource_type == import.resource_type && one.handle == import.identifier
            };
            stack.deleted.is_none() && stack.resources.values().any(is_it)
        };
        let owner = state.stacks.iter().find(has)?;
        Some(format!("{} already exists in stack {}", import.identifier, owner.id))
    })
}

fn change(import: &Import) -> Value {
    json!({"Type": "Resource", "ResourceChange": {
        "Action": "Import",
        "LogicalResourceId": import.logical_id,
        "PhysicalResourceId": import.identifier,
        "ResourceType": import.resource_type,
        "Scope": [],
        "Details": [],
    }})
}

/// The names of those that match, if there are any.
fn listed(imports: &[Import], matches: impl Fn(&Import) -> bool) -> Option<String> {
    let found = imports.iter().filter(|import| matches(import));
    let names: Vec<&str> = found.map(|import| import.logical_id.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
