//! A group of record sets, made one by one.

use serde_json::{Value, json};

use super::{Made, Provisioner, Refusal};
use crate::proxy::cloudformation::state::Resource;

const RECORD: &str = "AWS::Route53::RecordSet";

impl Provisioner {
    pub(super) async fn records_create(&self, group: &Value) -> Result<Made, Refusal> {
        let mut handles = Vec::new();
        for record in records(group) {
            handles.push(self.cloud_control_create(RECORD, &record).await?.handle);
        }
        // The group itself has no identity on AWS either.
        let mut made = Made::named(&format!("records-{}", uuid::Uuid::new_v4().simple()));
        made.handle = handles.join("\n");
        Ok(made)
    }

    pub(super) async fn records_update(
        &self,
        resource: &Resource,
        after: &Value,
    ) -> Result<Made, Refusal> {
        self.records_delete(resource).await?;
        let mut made = self.records_create(after).await?;
        made.physical_id = resource.physical_id.clone().unwrap_or_default();
        Ok(made)
    }

    pub(super) async fn records_delete(&self, resource: &Resource) -> Result<(), Refusal> {
        for handle in resource.handle.lines() {
            let record = Resource {
                resource_type: RECORD.to_owned(),
                handle: handle.to_owned(),
                ..Resource::default()
            };
            self.cloud_control_delete(&record).await?;
        }
        Ok(())
    }
}

fn records(group: &Value) -> Vec<Value> {
    let sets = group["RecordSets"].as_array().into_iter().flatten();
    sets.map(|set| {
        let mut record = set.clone();
        for name in ["HostedZoneId", "HostedZoneName"] {
            if let Some(value) = group.get(name) {
                record[name] = json!(value);
            }
        }
        record
    })
    .collect()
}
