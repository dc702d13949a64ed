//! The ordinary way: the emulator's Cloud Control.

use serde_json::{Map, Value, json};

use super::{Made, Provisioner, Refusal, existing};
use crate::proxy::cloudformation::state::Resource;

impl Provisioner {
    pub(super) async fn cloud_control_create(
        &self,
        resource_type: &str,
        properties: &Value,
    ) -> Result<Made, Refusal> {
        let body = json!({"TypeName": resource_type, "DesiredState": properties.to_string()});
        let handle = self.cloud_control("CreateResource", &body).await?;
        self.cloud_control_read(resource_type, &handle, properties).await
    }

    pub(super) async fn cloud_control_update(
        &self,
        resource: &Resource,
        before: &Value,
        after: &Value,
    ) -> Result<Made, Refusal> {
        let patch = patch(before, after);
        if patch.is_empty() {
            // Also a handler with nothing to change looks whether the resource is there.
            self.cloud_control_read(&resource.resource_type, &resource.handle, after).await?;
            return Ok(existing(resource));
        }
        let body = json!({
            "TypeName": resource.resource_type,
            "Identifier": resource.handle,
            "PatchDocument": Value::Array(patch).to_string(),
        });
        let handle = self.cloud_control("UpdateResource", &body).await?;
        let mut made = self.cloud_control_read(&resource.resource_type, &handle, after).await?;
        if handle == resource.handle
            && let Some(physical_id) = &resource.physical_id
        {
            made.physical_id.clone_from(physical_id);
        }
        Ok(made)
    }

    pub(super) async fn cloud_control_delete(&self, resource: &Resource) -> Result<(), Refusal> {
        let body = json!({"TypeName": resource.resource_type, "Identifier": resource.handle});
        self.cloud_control("DeleteResource", &body).await.map(|_| ())
    }

    /// The attributes: everything that is read back and was not declared.
    pub(super) async fn cloud_control_read(
        &self,
        resource_type: &str,
        handle: &str,
        declared: &Value,
    ) -> Result<Made, Refusal> {
        let body = json!({"TypeName": resource_type, "Identifier": handle});
        let answer =
            self.upstream.json("cloudcontrolapi", "CloudApiService.GetResource", &body).await?;
        let text = answer["ResourceDescription"]["Properties"].as_str().unwrap_or("{}");
        let mut attributes: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        attributes
            .retain(|name, value| declared.get(name) != Some(value) && !name.starts_with("__"));
        Ok(Made { handle: handle.to_owned(), physical_id: handle.to_owned(), attributes })
    }

    async fn cloud_control(&self, operation: &str, body: &Value) -> Result<String, Refusal> {
        let target = format!("CloudApiService.{operation}");
        let answer = self.upstream.json("cloudcontrolapi", &target, body).await?;
        let progress = &answer["ProgressEvent"];
        if progress["OperationStatus"] == "SUCCESS" {
            return Ok(progress["Identifier"].as_str().unwrap_or_default().to_owned());
        }
        let message = progress["StatusMessage"].as_str().unwrap_or("no reason was given");
        let missing = message.contains("does not exist") || message.contains("not found");
        let code =
            if operation == "DeleteResource" && missing { "NotFound" } else { "InvalidRequest" };
        Err(Refusal::new(code, message))
    }
}

/// The JSON patch from one set of properties to another.
fn patch(before: &Value, after: &Value) -> Vec<Value> {
    let empty = Map::new();
    let old = before.as_object().unwrap_or(&empty);
    let new = after.as_object().unwrap_or(&empty);
    let removed = old.keys().filter(|name| !new.contains_key(*name));
    let changed = new.iter().filter(|(name, value)| old.get(*name) != Some(*value));
    removed
        .map(|name| json!({"op": "remove", "path": format!("/{name}")}))
        .chain(
            changed.map(
                |(name, value)| json!({"op": "add", "path": format!("/{name}"), "value": value}),
            ),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_has_only_what_changed() {
        let found = patch(&json!({"a": 1, "b": 2, "c": 3}), &json!({"a": 1, "b": 4, "d": 5}));
        let expect = json!([
            {"op": "remove", "path": "/c"},
            {"op": "add", "path": "/b", "value": 4},
            {"op": "add", "path": "/d", "value": 5},
        ]);
        assert_eq!(Value::Array(found), expect);
    }
}
