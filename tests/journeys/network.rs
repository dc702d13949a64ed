//! Networks as `cloudops.yaml` asks for them, seen by an independent client.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};
use serde_json::{Value, json};

use crate::stand::{answer, ends, output, with_stage};

/// Numbers of the rules that every ACL has and nobody can delete.
const FINAL_RULES: [u64; 2] = [32767, 32768];

#[tokio::test(flavor = "multi_thread")]
async fn a_network_has_the_zones_ways_out_and_ranges_that_it_should() {
    with_stage("network-own", |stage| async move {
        let instance = stage.instance("acme", 81).await.unwrap();
        wanted(&instance, "zones: 3, nat-gateways: per-zone, ipv6: true");
        ends(&instance, "cloudcore init", 0).await;
        let network = Network::read(&stage, &output(&instance, "VpcId").await).await;
        network.has_three_zones_with_ipv6();
        network.has_a_gateway_per_zone();
        network.is_closed();
        network.is_logged();
        let again = ends(&instance, "cloudcore init", 0).await.text();
        assert!(again.contains("nothing to change"), "{again}");

        // Endpoints take the place of the gateways, in the same network.
        wanted(&instance, "zones: 3, nat-gateways: none, ipv6: true");
        ends(&instance, "cloudcore init", 0).await;
        let network = Network::read(&stage, &network.vpc).await;
        network.has_three_zones_with_ipv6();
        network.has_endpoints_and_no_gateway();
        network.is_closed();

        ends(&instance, "cloudcore destroy --name acme --yes --no-export", 0).await;
        let left = json!({"Vpcs": []});
        let vpc = format!("Name=vpc-id,Values={}", network.vpc);
        assert_eq!(answer(&stage, &["ec2", "describe-vpcs", "--filters", &vpc]).await, left);
    })
    .await;
}

fn wanted(instance: &Instance, network: &str) {
    let text = instance.settings.yaml();
    let text = text.replace("zones: 2, nat-gateways: single", network);
    fs_err::write(instance.folder.join("cloudops.yaml"), text).unwrap();
}

/// What EC2 says of a network.
struct Network {
    vpc: String,
    vpcs: Value,
    subnets: BTreeMap<String, Value>,
    tables: Vec<Value>,
    gateways: Vec<Value>,
    egress_only: Vec<Value>,
    groups: Vec<Value>,
    acls: Vec<Value>,
    endpoints: Vec<Value>,
    flow_logs: Vec<Value>,
}

impl Network {
    async fn read(stage: &Stage, vpc: &str) -> Self {
        let filter = format!("Name=vpc-id,Values={vpc}");
        let all = async |verb: &str, option: &str, filter: &str, field: &str| {
            items(&answer(stage, &["ec2", verb, option, filter]).await, field)
        };
        let subnets = all("describe-subnets", "--filters", &filter, "Subnets").await;
        let named = subnets.into_iter().map(|subnet| (name(&subnet), subnet)).collect();
        let mut gateways = all("describe-nat-gateways", "--filter", &filter, "NatGateways").await;
        gateways.retain(|gateway| gateway["State"] == "available");
        let egress_only = items(
            &answer(stage, &["ec2", "describe-egress-only-internet-gateways"]).await,
            "EgressOnlyInternetGateways",
        );
        let resource = format!("Name=resource-id,Values={vpc}");
        Self {
            vpc: vpc.to_owned(),
            vpcs: answer(stage, &["ec2", "describe-vpcs", "--vpc-ids", vpc]).await["Vpcs"][0]
                .clone(),
            subnets: named,
            tables: all("describe-route-tables", "--filters", &filter, "RouteTables").await,
            gateways,
            egress_only,
            groups: all("describe-security-groups", "--filters", &filter, "SecurityGroups").await,
            acls: all("describe-network-acls", "--filters", &filter, "NetworkAcls").await,
            endpoints: all("describe-vpc-endpoints", "--filters", &filter, "VpcEndpoints").await,
            flow_logs: all("describe-flow-logs", "--filter", &resource, "FlowLogs").await,
        }
    }

    fn subnet(&self, tier: &str, zone: char) -> &Value {
        let name = format!("acme-{tier}-{zone}");
        self.subnets.get(&name).unwrap_or_else(|| panic!("no {name} in {:?}", self.subnets.keys()))
    }

    fn has_three_zones_with_ipv6(&self) {
        assert_eq!(self.vpcs["CidrBlock"], "10.81.0.0/16");
        let range = &self.vpcs["Ipv6CidrBlockAssociationSet"][0];
        assert_eq!(range["Ipv6CidrBlockState"]["State"], "associated", "{:#}", self.vpcs);
        let (range, length) = ipv6_range(range["Ipv6CidrBlock"].as_str().unwrap());
        assert_eq!(length, 56);
        assert_eq!(self.subnets.len(), 9, "{:?}", self.subnets.keys());
        let mut ranges = BTreeSet::new();
        for (tier, first) in [("public", 0), ("private", 3), ("data", 6)] {
            for (index, zone) in ('a'..='c').enumerate() {
                let subnet = self.subnet(tier, zone);
                assert_eq!(subnet["AvailabilityZone"], format!("us-west-2{zone}"));
                assert_eq!(subnet["MapPublicIpOnLaunch"], false);
                let number = first + index;
                assert_eq!(subnet["CidrBlock"], format!("10.81.{}.0/20", number * 16));
                let ipv6 = subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].as_str();
                match tier {
                    "data" => assert_eq!(ipv6, None, "{subnet:#}"),
                    _ => {
                        let (found, length) = ipv6_range(ipv6.unwrap());
                        assert_eq!((found - range, length), ((number as u128) << 64, 64));
                    }
                }
                ranges.extend(ipv6);
            }
        }
        assert_eq!(ranges.len(), 6);
        let gateway = self.egress_only_gateway();
        for zone in 'a'..='c' {
            let out = |tier| self.route(self.subnet(tier, zone), "::/0");
            assert!(target(&out("public").unwrap()).starts_with("igw-"));
            assert_eq!(target(&out("private").unwrap()), gateway);
            assert_eq!(out("data"), None);
        }
    }

    fn egress_only_gateway(&self) -> String {
        let ours = |gateway: &&Value| gateway["Attachments"][0]["VpcId"] == *self.vpc;
        let found: Vec<&Value> = self.egress_only.iter().filter(ours).collect();
        assert_eq!(found.len(), 1, "{:?}", self.egress_only);
        found[0]["EgressOnlyInternetGatewayId"].as_str().unwrap().to_owned()
    }

    fn has_a_gateway_per_zone(&self) {
        assert_eq!(self.gateways.len(), 3, "{:?}", self.gateways);
        for zone in 'a'..='c' {
            let here = self.subnet("public", zone)["SubnetId"].clone();
            let gateway = self.gateways.iter().find(|gateway| gateway["SubnetId"] == here).unwrap();
            assert!(gateway["NatGatewayAddresses"][0]["AllocationId"].is_string(), "{gateway:#}");
            let out = |tier| self.route(self.subnet(tier, zone), "0.0.0.0/0");
            assert_eq!(gateway["NatGatewayId"], target(&out("private").unwrap()));
            assert!(target(&out("public").unwrap()).starts_with("igw-"));
            assert_eq!(out("data"), None);
        }
        let services: Vec<&str> = self.services("Gateway");
        assert_eq!(services, ["s3"]);
        assert_eq!(self.services("Interface"), Vec::<&str>::new());
        let tables = self.endpoints[0]["RouteTableIds"].as_array().unwrap();
        assert_eq!(tables.len(), 5, "{:#}", self.endpoints[0]);
    }

    /// What a private task calls: images, logs, secrets, parameters, its agent, a shell, queues.
    fn has_endpoints_and_no_gateway(&self) {
        assert_eq!(self.gateways, Vec::<Value>::new());
        for zone in 'a'..='c' {
            assert_eq!(self.route(self.subnet("private", zone), "0.0.0.0/0"), None);
        }
        assert_eq!(self.services("Gateway"), ["s3"]);
        let interfaces = [
            "ecr.api",
            "ecr.dkr",
            "ecs",
            "ecs-agent",
            "ecs-telemetry",
            "logs",
            "secretsmanager",
            "sqs",
            "ssm",
            "ssmmessages",
            "sts",
        ];
        assert_eq!(self.services("Interface"), interfaces);
        let private: BTreeSet<&str> = ('a'..='c')
            .filter_map(|zone| self.subnet("private", zone)["SubnetId"].as_str())
            .collect();
        for endpoint in self.endpoints.iter().filter(|one| one["VpcEndpointType"] == "Interface") {
            assert_eq!(endpoint["PrivateDnsEnabled"], true, "{endpoint:#}");
            let subnets = list(&endpoint["SubnetIds"]).iter();
            assert_eq!(subnets.filter_map(Value::as_str).collect::<BTreeSet<_>>(), private);
            let group = &endpoint["Groups"][0]["GroupId"];
            let group = self.groups.iter().find(|one| one["GroupId"] == *group).unwrap();
            assert_eq!(name(group), "acme-endpoints");
            assert_eq!(list(&group["IpPermissions"]).len(), 1, "{group:#}");
            assert_eq!(group["IpPermissions"][0]["FromPort"], 443);
        }
    }

    /// Services with an endpoint of this kind, in order.
    fn services(&self, kind: &str) -> Vec<&str> {
        let ours = self.endpoints.iter().filter(|endpoint| endpoint["VpcEndpointType"] == kind);
        let names = ours.filter_map(|endpoint| endpoint["ServiceName"].as_str());
        let mut names: Vec<&str> =
            names.filter_map(|name| name.strip_prefix("com.amazonaws.us-west-2.")).collect();
        names.sort_unstable();
        names
    }

    /// Nothing passes by default, data is reached at its own ports only, and no group lets in all.
    fn is_closed(&self) {
        let default = self.groups.iter().find(|group| group["GroupName"] == "default").unwrap();
        for rules in ["IpPermissions", "IpPermissionsEgress"] {
            assert_eq!(default[rules], json!([]), "{default:#}");
        }
        let acl = self.acls.iter().find(|acl| acl["IsDefault"] == true).unwrap();
        assert_eq!(rules(acl), BTreeSet::new(), "{acl:#}");
        assert_eq!(acl["Associations"], json!([]), "{acl:#}");
        let data = self.acls.iter().find(|acl| name(acl) == "acme-data").unwrap();
        let expect = ["in 2049", "in 3306", "in 61617", "out 1024"];
        assert_eq!(rules(data), expect.map(str::to_owned).into(), "{data:#}");
        assert_eq!(list(&data["Associations"]).len(), 3, "{data:#}");
        for group in &self.groups {
            for rule in list(&group["IpPermissions"]) {
                let open = list(&rule["IpRanges"]).iter();
                let open: Vec<_> = open.filter(|range| range["CidrIp"] == "0.0.0.0/0").collect();
                assert!(open.is_empty(), "{group:#}");
            }
        }
    }

    fn is_logged(&self) {
        assert_eq!(self.flow_logs.len(), 1, "{:?}", self.flow_logs);
        let log = &self.flow_logs[0];
        assert_eq!(log["ResourceId"], *self.vpc);
        assert_eq!(log["TrafficType"], "ALL");
        assert_eq!(log["LogGroupName"], "/cloudops/acme/network/flow");
    }

    /// The route of a subnet to a range, in its own table or the main one.
    fn route(&self, subnet: &Value, range: &str) -> Option<Value> {
        let has = |table: &&Value, field: &str, value: &Value| {
            list(&table["Associations"]).iter().any(|one| one[field] == *value)
        };
        let own = self.tables.iter().find(|table| has(table, "SubnetId", &subnet["SubnetId"]));
        let main = self.tables.iter().find(|table| has(table, "Main", &json!(true)));
        let routes = own.or(main).unwrap()["Routes"].as_array().unwrap();
        let to = |route: &&Value| {
            route["DestinationCidrBlock"] == range || route["DestinationIpv6CidrBlock"] == range
        };
        routes.iter().find(to).cloned()
    }
}

/// Where a route leads.
fn target(route: &Value) -> String {
    let fields = ["NatGatewayId", "EgressOnlyInternetGatewayId", "GatewayId"];
    let target = fields.iter().find_map(|field| route[field].as_str());
    target.unwrap_or_else(|| panic!("{route:#}")).to_owned()
}

/// The rules of an ACL that somebody made.
fn rules(acl: &Value) -> BTreeSet<String> {
    let entries = list(&acl["Entries"]).iter();
    let made =
        entries.filter(|entry| !FINAL_RULES.contains(&entry["RuleNumber"].as_u64().unwrap()));
    made.map(|entry| {
        let way = if entry["Egress"] == true { "out" } else { "in" };
        format!("{way} {}", entry["PortRange"]["From"])
    })
    .collect()
}

/// The items of a list; the CLI leaves out some that are empty.
fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn items(answer: &Value, field: &str) -> Vec<Value> {
    answer[field].as_array().cloned().unwrap_or_else(|| panic!("no {field} in {answer:#}"))
}

/// The tag `Name`.
fn name(thing: &Value) -> String {
    let tags = thing["Tags"].as_array().into_iter().flatten();
    let mut names = tags.filter(|tag| tag["Key"] == "Name").filter_map(|tag| tag["Value"].as_str());
    names.next().unwrap_or_default().to_owned()
}

/// Address and length of a range: the same one can be written in several ways.
fn ipv6_range(text: &str) -> (u128, u8) {
    let (address, length) = text.split_once('/').unwrap();
    (address.parse::<std::net::Ipv6Addr>().unwrap().to_bits(), length.parse().unwrap())
}
