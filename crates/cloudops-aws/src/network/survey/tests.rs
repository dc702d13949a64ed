//! EC2's answers, read by the real client.

use super::*;
use crate::{error::AwsErrorKind, fake::FakeAws};

const DENIED: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";

#[tokio::test]
async fn networks_have_all_their_ranges_and_tags() {
    let answer = "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>\
        <cidrBlockAssociationSet><item><cidrBlock>10.0.0.0/16</cidrBlock></item><item><cidrBlock>10.5.0.0/16</cidrBlock></item></cidrBlockAssociationSet>\
        <tagSet><item><key>Name</key><value>acme</value></item></tagSet></item></vpcSet></DescribeVpcsResponse>";
    let fake = FakeAws::start(&[("DescribeVpcs", 200, answer)]).await;
    let found = vpcs(&fake.aws).await.unwrap();
    assert_eq!(found[0].ranges, ["10.0.0.0/16", "10.5.0.0/16"]);
    assert_eq!(found[0].tags["Name"], "acme");
    let fake = FakeAws::start(&[("DescribeVpcs", 403, DENIED)]).await;
    let error = vpcs(&fake.aws).await.unwrap_err();
    assert_eq!((error.kind, error.operation), (AwsErrorKind::AccessDenied, "DescribeVpcs"));
}

#[tokio::test]
async fn both_ends_of_a_peering_are_told() {
    let answer = "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet><item>\
        <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>\
        <accepterVpcInfo><vpcId>vpc-2</vpcId><cidrBlock>10.1.0.0/16</cidrBlock></accepterVpcInfo>\
        <requesterVpcInfo><vpcId>vpc-1</vpcId><cidrBlock>10.2.0.0/16</cidrBlock></requesterVpcInfo>\
        </item></vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>";
    let fake = FakeAws::start(&[("DescribeVpcPeeringConnections", 200, answer)]).await;
    let found = peers(&fake.aws).await.unwrap();
    let short: Vec<_> = found.iter().map(|peer| (peer.vpc.as_str(), &peer.ranges[0][..])).collect();
    assert_eq!(short, [("vpc-2", "10.1.0.0/16"), ("vpc-1", "10.2.0.0/16")]);
}

#[tokio::test]
async fn gateways_are_counted_by_zone() {
    let gateways = "<DescribeNatGatewaysResponse><natGatewaySet><item><subnetId>subnet-1</subnetId></item>\
        <item><subnetId>subnet-2</subnetId></item><item><subnetId>subnet-1</subnetId></item></natGatewaySet></DescribeNatGatewaysResponse>";
    let subnets = "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><availabilityZone>us-west-2a</availabilityZone></item>\
        <item><subnetId>subnet-2</subnetId><availabilityZone>us-west-2a</availabilityZone></item></subnetSet></DescribeSubnetsResponse>";
    let rows = [("DescribeNatGateways", 200, gateways), ("DescribeSubnets", 200, subnets)];
    let fake = FakeAws::start(&rows).await;
    assert_eq!(nat_gateways(&fake.aws).await.unwrap(), [("us-west-2a".to_owned(), 3)].into());
}

#[tokio::test]
async fn an_address_and_the_groups_of_an_instance_are_found() {
    let address = "<DescribeAddressesResponse><addressesSet><item><allocationId>eipalloc-1</allocationId>\
        </item></addressesSet></DescribeAddressesResponse>";
    let groups = "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId></item>\
        </securityGroupInfo></DescribeSecurityGroupsResponse>";
    let interfaces = "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>\
        <networkInterfaceId>eni-1</networkInterfaceId><status>available</status><groupSet><item>\
        <groupId>sg-1</groupId></item></groupSet></item></networkInterfaceSet></DescribeNetworkInterfacesResponse>";
    let rows = [
        ("DescribeAddresses", 200, address),
        ("DescribeSecurityGroups", 200, groups),
        ("DescribeNetworkInterfaces", 200, interfaces),
    ];
    let fake = FakeAws::start(&rows).await;
    assert!(has_address(&fake.aws, "eipalloc-1").await.unwrap());
    let found = super::super::groups(&fake.aws, "vpc-1", &"acme".parse().unwrap()).await.unwrap();
    assert_eq!(found, ["sg-1".to_owned()].into());
    let found = super::super::interfaces(&fake.aws, "vpc-1").await.unwrap();
    assert!(found[0].is_free && found[0].groups == ["sg-1"], "{found:?}");
    let none = "<DescribeAddressesResponse><addressesSet/></DescribeAddressesResponse>";
    let fake = FakeAws::start(&[("DescribeAddresses", 200, none)]).await;
    assert!(!has_address(&fake.aws, "eipalloc-1").await.unwrap());
}

#[tokio::test]
async fn only_standard_on_demand_instances_count() {
    let item = |kind: &str, more: &str| {
        format!(
            "<item><instanceType>{kind}</instanceType><cpuOptions><coreCount>2</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>{more}</item>"
        )
    };
    let all = [
        item("m7i.large", ""),
        item("t4g.nano", ""),
        item("p5.48xlarge", ""),
        item("trn1.2xlarge", ""),
        item("c7g.large", "<instanceLifecycle>spot</instanceLifecycle>"),
    ];
    let answer = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet>{}</instancesSet></item></reservationSet></DescribeInstancesResponse>",
        all.concat()
    );
    let fake = FakeAws::start(&[("DescribeInstances", 200, answer.leak())]).await;
    assert_eq!(running_vcpus(&fake.aws).await.unwrap(), 8);
}

#[tokio::test]
async fn offers_are_by_type_and_zone() {
    let offers = "<DescribeInstanceTypeOfferingsResponse><instanceTypeOfferingSet>\
        <item><instanceType>t4g.nano</instanceType><location>us-west-2a</location></item>\
        <item><instanceType>t4g.nano</instanceType><location>us-west-2b</location></item>\
        </instanceTypeOfferingSet></DescribeInstanceTypeOfferingsResponse>";
    let types = "<DescribeInstanceTypesResponse><instanceTypeSet><item><instanceType>t4g.nano</instanceType>\
        <vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo></item></instanceTypeSet></DescribeInstanceTypesResponse>";
    let rows =
        [("DescribeInstanceTypeOfferings", 200, offers), ("DescribeInstanceTypes", 200, types)];
    let fake = FakeAws::start(&rows).await;
    let found = offered(&fake.aws, &["t4g.nano", "x9.huge"]).await.unwrap();
    assert_eq!((found.len(), found["t4g.nano"].len()), (1, 2));
    assert_eq!(vcpus(&fake.aws, &["t4g.nano"]).await.unwrap(), [("t4g.nano".to_owned(), 2)].into());
}

#[tokio::test]
async fn a_dry_call_tells_the_right_and_nothing_else() {
    const WOULD: &str = "<Response><Errors><Error><Code>DryRunOperation</Code><Message>yes</Message></Error></Errors></Response>";
    let rows = [
        ("CreateVpc", 412, WOULD),
        ("CreateInternetGateway", 403, DENIED),
        ("AllocateAddress", 412, WOULD),
    ];
    let fake = FakeAws::start(&rows).await;
    let found = dry_calls(&fake.aws).await.unwrap();
    let allowed: Vec<bool> = found.iter().map(|call| call.allowed).collect();
    assert_eq!(allowed, [true, false, true]);
    let other = "<Response><Errors><Error><Code>RequestExpired</Code><Message>late</Message></Error></Errors></Response>";
    let fake = FakeAws::start(&[("CreateVpc", 400, other)]).await;
    assert_eq!(dry_calls(&fake.aws).await.unwrap_err().code, "RequestExpired");
    assert!(fake.asked().contains(&"CreateVpc".to_owned()));
}
