//! What the emulator's Cloud Control leaves out of the resources it makes.

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Made, Provisioner, Refusal, text};

impl Provisioner {
    /// Adds to a made or changed resource what was left out.
    pub(super) async fn repair(
        &self,
        resource_type: &str,
        made: &Made,
        properties: &Value,
    ) -> Result<(), Refusal> {
        match resource_type {
            "AWS::ElasticLoadBalancingV2::Listener" => self.certificates(made, properties).await,
            "AWS::ElasticLoadBalancingV2::ListenerRule" => self.conditions(made, properties).await,
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => self.balancing(made, properties).await,
            "AWS::EC2::Subnet" => self.ipv6_range(made, properties).await,
            "AWS::Lambda::Function" => self.inline_code(made, properties).await,
            _ => Ok(()),
        }
    }

    /// A listener made by Cloud Control shows no certificate.
    async fn certificates(&self, made: &Made, properties: &Value) -> Result<(), Refusal> {
        let certificates = properties["Certificates"].as_array().into_iter().flatten().enumerate();
        let mut form: Vec<(String, String)> = certificates
            .map(|(index, one)| {
                (
                    format!("Certificates.member.{}.CertificateArn", index + 1),
                    text(one, "CertificateArn"),
                )
            })
            .collect();
        if form.is_empty() {
            return Ok(());
        }
        form.push(("ListenerArn".to_owned(), made.handle.clone()));
        self.upstream.query("elasticloadbalancing", "ModifyListener", "2015-12-01", &form).await?;
        Ok(())
    }

    /// A balancer made by Cloud Control has the attributes of every balancer, not those wanted.
    async fn balancing(&self, made: &Made, properties: &Value) -> Result<(), Refusal> {
        let mut form = Vec::new();
        flatten("Attributes", &properties["LoadBalancerAttributes"], &mut form);
        if form.is_empty() {
            return Ok(());
        }
        form.push(("LoadBalancerArn".to_owned(), made.handle.clone()));
        let action = "ModifyLoadBalancerAttributes";
        self.upstream.query("elasticloadbalancing", action, "2015-12-01", &form).await?;
        Ok(())
    }

    /// A rule made by Cloud Control has its host names, and neither paths nor addresses.
    async fn conditions(&self, made: &Made, properties: &Value) -> Result<(), Refusal> {
        let mut form = vec![("RuleArn".to_owned(), made.handle.clone())];
        flatten("Conditions", &properties["Conditions"], &mut form);
        self.upstream.query("elasticloadbalancing", "ModifyRule", "2015-12-01", &form).await?;
        Ok(())
    }

    /// A subnet made by Cloud Control has no IPv6 range.
    async fn ipv6_range(&self, made: &Made, properties: &Value) -> Result<(), Refusal> {
        let range = text(properties, "Ipv6CidrBlock");
        if range.is_empty() {
            return Ok(());
        }
        let form =
            [("SubnetId".to_owned(), made.handle.clone()), ("Ipv6CidrBlock".to_owned(), range)];
        self.ec2("AssociateSubnetCidrBlock", &form).await?;
        Ok(())
    }

    /// Inline code is source text in a template; the service runs a zip of it.
    async fn inline_code(&self, made: &Made, properties: &Value) -> Result<(), Refusal> {
        let Some(source) = properties["Code"]["ZipFile"].as_str() else {
            return Ok(());
        };
        let runtime = text(properties, "Runtime");
        let name = if runtime.starts_with("python") { "index.py" } else { "index.js" };
        let zip = base64::engine::general_purpose::STANDARD.encode(zip_of(name, source.as_bytes()));
        let path = format!("/2015-03-31/functions/{}/code", made.physical_id);
        let body = json!({"ZipFile": zip}).to_string().into_bytes();
        self.upstream.rest("lambda", Method::PUT, &path, body).await?;
        Ok(())
    }
}

/// A property as the parameters of a query: members are numbered, fields named.
fn flatten(name: &str, value: &Value, form: &mut Vec<(String, String)>) {
    match value {
        Value::Array(members) => {
            for (index, member) in members.iter().enumerate() {
                flatten(&format!("{name}.member.{}", index + 1), member, form);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(&format!("{name}.{field}"), value, form);
            }
        }
        Value::Null => {}
        Value::String(text) => form.push((name.to_owned(), text.clone())),
        other => form.push((name.to_owned(), other.to_string())),
    }
}

/// An archive of one uncompressed file.
fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(content);
    let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    // Version 2.0, no flags, stored, 1 January 1980, sum, sizes, length of the name, no extra field.
    let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    common.extend(sum.sum().to_le_bytes());
    common.extend(size.to_le_bytes());
    common.extend(size.to_le_bytes());
    common.extend(length.to_le_bytes());
    common.extend([0, 0]);
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&common);
    zip.extend(name.as_bytes());
    zip.extend(content);
    let directory = u32::try_from(zip.len()).unwrap_or(u32::MAX);
    zip.extend(b"PK\x01\x02\x14\x00");
    zip.extend(&common);
    // No comment, first disk, no attributes, the entry begins at 0.
    zip.extend([0; 14]);
    zip.extend(name.as_bytes());
    let directory_size = u32::try_from(zip.len()).unwrap_or(u32::MAX) - directory;
    zip.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    zip.extend(directory_size.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_become_numbered_parameters() {
        let attributes = json!([
            {"Key": "deletion_protection.enabled", "Value": "true"},
            {"Key": "idle_timeout.timeout_seconds", "Value": 120},
        ]);
        let mut form = Vec::new();
        flatten("Attributes", &attributes, &mut form);
        let expect = [
            ("Attributes.member.1.Key", "deletion_protection.enabled"),
            ("Attributes.member.1.Value", "true"),
            ("Attributes.member.2.Key", "idle_timeout.timeout_seconds"),
            ("Attributes.member.2.Value", "120"),
        ];
        assert_eq!(form, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn the_archive_has_its_three_parts() {
        let zip = zip_of("index.py", b"print(1)");
        assert_eq!(zip.len(), 30 + 8 + 8 + 46 + 8 + 22);
        assert_eq!(&zip[zip.len() - 22..zip.len() - 18], b"PK\x05\x06");
        assert_eq!(zip[zip.len() - 6..zip.len() - 2], 46_u32.to_le_bytes());
    }
}
