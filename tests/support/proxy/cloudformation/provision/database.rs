//! What the emulator's RDS leaves out: the secret of a managed master password.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Made, Provisioner, Refusal, text};
use crate::proxy::cloudformation::state::Resource;

const SECRET: &str = "MasterUserSecret.SecretArn";

impl Provisioner {
    /// RDS keeps a managed master password in a secret of its own; here the proxy makes it.
    pub(super) async fn database_extras(
        &self,
        resource_type: &str,
        made: Made,
        properties: &Value,
    ) -> Result<Made, Refusal> {
        let managed = matches!(resource_type, "AWS::RDS::DBCluster" | "AWS::RDS::DBInstance")
            && properties["ManageMasterUserPassword"] == json!(true);
        if !managed || made.attributes.contains_key(SECRET) {
            return Ok(made);
        }
        self.note(
            resource_type,
            "the secret of a managed master password is made by the proxy and not rotated; describe calls do not name it",
        );
        let kind = if resource_type.ends_with("Cluster") { "cluster" } else { "db" };
        let password = Uuid::new_v4().simple().to_string();
        let login = json!({"username": text(properties, "MasterUsername"), "password": password});
        let mut body = json!({
            // AWS writes `rds!cluster-...`; the emulator does not take the exclamation mark.
            "Name": format!("rds-{kind}-{}", Uuid::new_v4()),
            "Description": format!("Secret associated with primary RDS DB {kind}: {}", made.physical_id),
            "SecretString": login.to_string(),
            "ClientRequestToken": Uuid::new_v4().to_string(),
        });
        if let Some(key) = properties["MasterUserSecret"].get("KmsKeyId") {
            body["KmsKeyId"] = key.clone();
        }
        let answer =
            self.upstream.json("secretsmanager", "secretsmanager.CreateSecret", &body).await?;
        Ok(made.with(SECRET, text(&answer, "ARN")))
    }

    /// RDS deletes the secret with the database, at once.
    pub(super) async fn delete_database_extras(&self, resource: &Resource) {
        let Some(secret) = resource.attributes.get(SECRET) else {
            return;
        };
        let body = json!({"SecretId": secret, "ForceDeleteWithoutRecovery": true});
        // One that is gone already is fine.
        let _ = self.upstream.json("secretsmanager", "secretsmanager.DeleteSecret", &body).await;
    }
}
