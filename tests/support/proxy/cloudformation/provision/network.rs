//! EC2 resources that the emulator's Cloud Control does not know, by EC2's own API.

use serde_json::Value;

use super::{Made, Provisioner, Refusal, existing, tag, text};
use crate::proxy::cloudformation::intrinsics;
use crate::proxy::cloudformation::state::Resource;

/// Version of EC2's API.
pub(super) const EC2: &str = "2016-11-15";

impl Provisioner {
    pub(super) async fn ec2(
        &self,
        action: &str,
        form: &[(String, String)],
    ) -> Result<String, Refusal> {
        Ok(self.upstream.query("ec2", action, EC2, form).await?)
    }

    pub(super) async fn network_create(
        &self,
        kind: &str,
        properties: &Value,
    ) -> Result<Made, Refusal> {
        match kind {
            "AWS::EC2::SubnetRouteTableAssociation" => {
                let form =
                    copy(properties, &[("SubnetId", "SubnetId"), ("RouteTableId", "RouteTableId")]);
                let xml = self.ec2("AssociateRouteTable", &form).await?;
                made(&xml, "associationId")
            }
            "AWS::EC2::VPCEndpoint" => self.create_endpoint(properties).await,
            "AWS::EC2::FlowLog" => self.create_flow_log(properties).await,
            "AWS::EC2::NetworkAcl" => {
                let mut form = copy(properties, &[("VpcId", "VpcId")]);
                form.extend(tags(properties, "network-acl"));
                made(&self.ec2("CreateNetworkAcl", &form).await?, "networkAclId")
            }
            "AWS::EC2::NetworkAclEntry" => {
                self.ec2("CreateNetworkAclEntry", &entry(properties)).await?;
                Ok(Made::named(&entry_name(properties)))
            }
            "AWS::EC2::SubnetNetworkAclAssociation" => self.associate_acl(properties).await,
            "AWS::EC2::VPCCidrBlock" => self.associate_range(properties).await,
            "AWS::EC2::EgressOnlyInternetGateway" => {
                let mut form = copy(properties, &[("VpcId", "VpcId")]);
                form.extend(tags(properties, "egress-only-internet-gateway"));
                let xml = self.ec2("CreateEgressOnlyInternetGateway", &form).await?;
                let made = made(&xml, "egressOnlyInternetGatewayId")?;
                let id = made.physical_id.clone();
                Ok(made.with("Id", id))
            }
            "AWS::EC2::EIPAssociation" => {
                let form = copy(
                    properties,
                    &[
                        ("AllocationId", "AllocationId"),
                        ("InstanceId", "InstanceId"),
                        ("NetworkInterfaceId", "NetworkInterfaceId"),
                    ],
                );
                made(&self.ec2("AssociateAddress", &form).await?, "associationId")
            }
            other => Err(Refusal::new("InvalidRequest", format!("{other} is not known here"))),
        }
    }

    pub(super) async fn network_update(
        &self,
        resource: &Resource,
        after: &Value,
    ) -> Result<Made, Refusal> {
        match resource.resource_type.as_str() {
            "AWS::EC2::NetworkAclEntry" => {
                self.ec2("ReplaceNetworkAclEntry", &entry(after)).await?;
            }
            "AWS::EC2::VPCEndpoint" => {
                let mut form = vec![("VpcEndpointId".to_owned(), resource.handle.clone())];
                form.extend(copy(after, &[("PrivateDnsEnabled", "PrivateDnsEnabled")]));
                form.extend(document(after, "PolicyDocument"));
                for (property, field) in [
                    ("RouteTableIds", "AddRouteTableId"),
                    ("SubnetIds", "AddSubnetId"),
                    ("SecurityGroupIds", "AddSecurityGroupId"),
                ] {
                    form.extend(list(after, property, field));
                }
                self.ec2("ModifyVpcEndpoint", &form).await?;
            }
            // A new route table for the same subnet is a new association for EC2.
            "AWS::EC2::SubnetRouteTableAssociation" => {
                let mut form = vec![("AssociationId".to_owned(), resource.handle.clone())];
                form.extend(copy(after, &[("RouteTableId", "RouteTableId")]));
                return made(
                    &self.ec2("ReplaceRouteTableAssociation", &form).await?,
                    "newAssociationId",
                );
            }
            _ => {}
        }
        Ok(existing(resource))
    }

    pub(super) async fn network_delete(
        &self,
        resource: &Resource,
        properties: &Value,
    ) -> Result<(), Refusal> {
        let by = |name: &str| vec![(name.to_owned(), resource.handle.clone())];
        match resource.resource_type.as_str() {
            "AWS::EC2::SubnetRouteTableAssociation" => {
                self.ec2("DisassociateRouteTable", &by("AssociationId")).await
            }
            "AWS::EC2::VPCEndpoint" => self.ec2("DeleteVpcEndpoints", &by("VpcEndpointId.1")).await,
            "AWS::EC2::FlowLog" => self.ec2("DeleteFlowLogs", &by("FlowLogId.1")).await,
            "AWS::EC2::NetworkAcl" => self.ec2("DeleteNetworkAcl", &by("NetworkAclId")).await,
            "AWS::EC2::EIPAssociation" => {
                self.ec2("DisassociateAddress", &by("AssociationId")).await
            }
            "AWS::EC2::NetworkAclEntry" => {
                let form = copy(
                    properties,
                    &[("NetworkAclId", "NetworkAclId"), ("RuleNumber", "RuleNumber")],
                );
                let egress = ("Egress".to_owned(), egress(properties).to_owned());
                self.ec2("DeleteNetworkAclEntry", &[form, vec![egress]].concat()).await
            }
            "AWS::EC2::SubnetNetworkAclAssociation" => self.restore_acl(properties).await,
            "AWS::EC2::VPCCidrBlock" => {
                self.ec2("DisassociateVpcCidrBlock", &by("AssociationId")).await
            }
            "AWS::EC2::EgressOnlyInternetGateway" => {
                let form = by("EgressOnlyInternetGatewayId");
                self.ec2("DeleteEgressOnlyInternetGateway", &form).await
            }
            _ => Ok(String::new()),
        }
        .map(|_| ())
    }

    async fn create_endpoint(&self, properties: &Value) -> Result<Made, Refusal> {
        let mut form = copy(
            properties,
            &[
                ("VpcId", "VpcId"),
                ("ServiceName", "ServiceName"),
                ("VpcEndpointType", "VpcEndpointType"),
                ("PrivateDnsEnabled", "PrivateDnsEnabled"),
            ],
        );
        form.extend(document(properties, "PolicyDocument"));
        for (property, field) in [
            ("RouteTableIds", "RouteTableId"),
            ("SubnetIds", "SubnetId"),
            ("SecurityGroupIds", "SecurityGroupId"),
        ] {
            form.extend(list(properties, property, field));
        }
        form.extend(tags(properties, "vpc-endpoint"));
        let xml = self.ec2("CreateVpcEndpoint", &form).await?;
        let made = made(&xml, "vpcEndpointId")?;
        let id = made.physical_id.clone();
        Ok(made.with("Id", id))
    }

    async fn create_flow_log(&self, properties: &Value) -> Result<Made, Refusal> {
        let mut form = copy(
            properties,
            &[
                ("ResourceId", "ResourceId.1"),
                ("ResourceType", "ResourceType"),
                ("TrafficType", "TrafficType"),
                ("LogDestinationType", "LogDestinationType"),
                ("LogDestination", "LogDestination"),
                ("LogGroupName", "LogGroupName"),
                ("LogFormat", "LogFormat"),
                ("MaxAggregationInterval", "MaxAggregationInterval"),
                ("DeliverLogsPermissionArn", "DeliverLogsPermissionArn"),
            ],
        );
        form.extend(tags(properties, "vpc-flow-log"));
        let xml = self.ec2("CreateFlowLogs", &form).await?;
        let id = tag(&xml, "flowLogIdSet").and_then(|set| tag(&set, "item"));
        let id =
            id.ok_or_else(|| Refusal::new("InvalidRequest", tag(&xml, "message").unwrap_or(xml)))?;
        Ok(Made::named(&id).with("Id", id))
    }

    /// A further range of a network. `Ref` has both parts of its primary identifier.
    async fn associate_range(&self, properties: &Value) -> Result<Made, Refusal> {
        let names = ["VpcId", "CidrBlock", "AmazonProvidedIpv6CidrBlock"];
        let form = copy(properties, &names.map(|name| (name, name)));
        let xml = self.ec2("AssociateVpcCidrBlock", &form).await?;
        let mut made = made(&xml, "associationId")?;
        made.physical_id = format!("{}|{}", made.handle, text(properties, "VpcId"));
        let id = made.handle.clone();
        Ok(made.with("Id", id))
    }

    async fn associate_acl(&self, properties: &Value) -> Result<Made, Refusal> {
        let acl = text(properties, "NetworkAclId");
        let xml = self.replace_acl(&text(properties, "SubnetId"), &acl).await?;
        let made = made(&xml, "newAssociationId")?;
        let id = made.physical_id.clone();
        Ok(made.with("AssociationId", id))
    }

    /// A subnet without an association of its own has the default list of its network.
    async fn restore_acl(&self, properties: &Value) -> Result<String, Refusal> {
        let subnet = text(properties, "SubnetId");
        let form = filters(&[("subnet-id", &subnet)]);
        let xml = self.ec2("DescribeSubnets", &form).await?;
        let Some(vpc) = tag(&xml, "vpcId") else {
            return Ok(xml);
        };
        let form = filters(&[("vpc-id", &vpc), ("default", "true")]);
        let xml = self.ec2("DescribeNetworkAcls", &form).await?;
        match tag(&xml, "networkAclId") {
            Some(acl) => self.replace_acl(&subnet, &acl).await,
            None => Ok(xml),
        }
    }

    async fn replace_acl(&self, subnet: &str, acl: &str) -> Result<String, Refusal> {
        let xml =
            self.ec2("DescribeNetworkAcls", &filters(&[("association.subnet-id", subnet)])).await?;
        let association = association_of(&xml, subnet).ok_or_else(|| {
            Refusal::new(
                "NotFound",
                format!("The subnet '{subnet}' has no network ACL association"),
            )
        })?;
        let form = [
            ("AssociationId".to_owned(), association),
            ("NetworkAclId".to_owned(), acl.to_owned()),
        ];
        self.ec2("ReplaceNetworkAclAssociation", &form).await
    }
}

fn association_of(xml: &str, subnet: &str) -> Option<String> {
    xml.split("<networkAclAssociationId>").skip(1).find_map(|part| {
        let part = part.split("</item>").next()?;
        (tag(part, "subnetId")? == subnet)
            .then(|| part.split('<').next().unwrap_or_default().to_owned())
    })
}

fn made(xml: &str, name: &str) -> Result<Made, Refusal> {
    let id = tag(xml, name).ok_or_else(|| {
        Refusal::new("ServiceInternalError", format!("the emulator gave no {name}"))
    })?;
    Ok(Made::named(&id))
}

fn copy(properties: &Value, names: &[(&str, &str)]) -> Vec<(String, String)> {
    names
        .iter()
        .filter_map(|(property, field)| {
            Some(((*field).to_owned(), intrinsics::text(&properties[*property])?))
        })
        .collect()
}

fn list(properties: &Value, property: &str, field: &str) -> Vec<(String, String)> {
    let items = properties[property].as_array().into_iter().flatten().filter_map(intrinsics::text);
    items.enumerate().map(|(index, item)| (format!("{field}.{}", index + 1), item)).collect()
}

fn document(properties: &Value, property: &str) -> Option<(String, String)> {
    match &properties[property] {
        Value::Null => None,
        Value::String(text) => Some((property.to_owned(), text.clone())),
        document => Some((property.to_owned(), document.to_string())),
    }
}

fn tags(properties: &Value, kind: &str) -> Vec<(String, String)> {
    let items = properties["Tags"].as_array().into_iter().flatten().enumerate();
    let mut form: Vec<(String, String)> = items
        .flat_map(|(index, tag)| {
            let prefix = format!("TagSpecification.1.Tag.{}", index + 1);
            [
                (format!("{prefix}.Key"), text(tag, "Key")),
                (format!("{prefix}.Value"), text(tag, "Value")),
            ]
        })
        .collect();
    if !form.is_empty() {
        form.push(("TagSpecification.1.ResourceType".to_owned(), kind.to_owned()));
    }
    form
}

fn filters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter().enumerate();
    pairs
        .flat_map(|(index, (name, value))| {
            let prefix = format!("Filter.{}", index + 1);
            [
                (format!("{prefix}.Name"), (*name).to_owned()),
                (format!("{prefix}.Value.1"), (*value).to_owned()),
            ]
        })
        .collect()
}

fn egress(properties: &Value) -> &'static str {
    if text(properties, "Egress") == "true" { "true" } else { "false" }
}

fn entry(properties: &Value) -> Vec<(String, String)> {
    let mut form = copy(
        properties,
        &[
            ("NetworkAclId", "NetworkAclId"),
            ("RuleNumber", "RuleNumber"),
            ("Protocol", "Protocol"),
            ("RuleAction", "RuleAction"),
            ("CidrBlock", "CidrBlock"),
            ("Ipv6CidrBlock", "Ipv6CidrBlock"),
        ],
    );
    form.push(("Egress".to_owned(), egress(properties).to_owned()));
    form.extend(copy(
        &properties["PortRange"],
        &[("From", "PortRange.From"), ("To", "PortRange.To")],
    ));
    form.extend(copy(&properties["Icmp"], &[("Type", "Icmp.Type"), ("Code", "Icmp.Code")]));
    form
}

fn entry_name(properties: &Value) -> String {
    format!(
        "{}|{}|{}",
        text(properties, "NetworkAclId"),
        text(properties, "RuleNumber"),
        egress(properties)
    )
}
