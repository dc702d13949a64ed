"""Confirms that what cloudops.yaml asks for exists, as it asks for it."""

import ipaddress

import yaml

import check_environment
from findings import Findings, outputs, stacks


CORE = ["state", "network", "dns", "storage", "certificate", "bastion", "config", "build"]


def run(found, config_file, parts, env, kind):
    """Gives what was confirmed, and all that is wrong."""
    with open(config_file, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    findings = Findings()
    if "core" in parts:
        core(findings, found, config)
    if "team" in parts:
        stacks(findings, found, [f"{config['instance']}-team-pipeline"])
        log_groups(findings, found, [f"/cloudops/{config['instance']}/builds"])
    if env:
        stacks(findings, found, [f"{config['instance']}-deploy-pipeline"])
        check_environment.run(findings, found, config, env, kind.split("-"))
        log_groups(findings, found, [f"/cloudops/{config['instance']}/{env}"])
    resources(findings, found, config)
    return findings.confirmed, findings.wrong


def log_groups(findings, found, names):
    for name in names:
        days = found["log_groups"].get(name, {}).get("retention", "absent")
        findings.true(isinstance(days, int), f"log group {name}, kept {days} days",
                      f"log group {name}: retention {days}")


def core(findings, found, config):
    name = config["instance"]
    stacks(findings, found, [f"{name}-core-{title}" for title in CORE])
    protected = found["stacks"].get(f"{name}-core-state", {}).get("protected")
    findings.true(protected, None, "the state stack has no termination protection")
    network(findings, found, config)
    dns(findings, found, config)
    storage(findings, found, config)
    build_server(findings, found, config)
    settings(findings, found, config)
    log_groups(findings, found, [f"/cloudops/{name}/build-server"])


def network(findings, found, config):
    wanted, out = config["network"], outputs(found, f"{config['instance']}-core-network")
    vpc = out.get("VpcId")
    ours = [v for v in found["vpcs"].values() if v["cidr"] == wanted["cidr"]]
    findings.equal(f"VPCs with {wanted['cidr']}", len(ours), 1)
    findings.true(vpc in found["vpcs"], None, f"the stack's VPC {vpc} does not exist")
    here = {i: s for i, s in found["subnets"].items() if s["vpc"] == vpc}
    findings.equal("subnets (public, private, data per zone)", len(here), 3 * wanted["zones"])
    findings.equal("zones of the subnets", len({s["zone"] for s in here.values()}), wanted["zones"])
    range_ = ipaddress.ip_network(wanted["cidr"])
    for subnet, facts in here.items():
        inside = ipaddress.ip_network(facts["cidr"]).subnet_of(range_)
        findings.true(inside, None, f"subnet {subnet} {facts['cidr']} is outside of {range_}")
    gateways = {"none": 0, "single": 1, "per-zone": wanted["zones"]}[wanted["nat-gateways"]]
    nat = [n for n in found["nat_gateways"].values() if n["vpc"] == vpc]
    findings.equal("NAT gateways", len(nat), gateways)
    attached = [g for g in found["internet_gateways"].values() if vpc in g["vpcs"]]
    findings.equal("internet gateways", len(attached), 1)
    endpoint = [e for e in found["vpc_endpoints"].values() if e["vpc"] == vpc]
    findings.true(any(e["service"].endswith(".s3") for e in endpoint), "VPC endpoint of S3",
                  "there is no VPC endpoint of S3")
    routed = {s for t in found["route_tables"].values() if t["vpc"] == vpc for s in t["subnets"]}
    findings.true(set(here) <= routed, "every subnet has a route table",
                  f"subnets without a route table: {sorted(set(here) - routed)}")


def dns(findings, found, config):
    domain = config["domain"]
    zones = [z for z in found["hosted_zones"].values() if z["name"] == domain]
    kinds = sorted("private" if z["private"] else "public" for z in zones)
    findings.equal(f"zones of {domain}", kinds, ["private", "public"])
    issued = [c for c in found["certificates"].values() if c["domain"] == domain]
    findings.equal(f"certificates of {domain} and *.{domain}", [c["status"] for c in issued], ["ISSUED"])
    for certificate in issued:
        findings.true(f"*.{domain}" in certificate["names"], None,
                      f"the certificate does not cover *.{domain}: {certificate['names']}")


def storage(findings, found, config):
    tail = f"{config['account']}-{config['region']}"
    for role in ("state", "packages", "artifacts", "logs"):
        name = f"cloudops-{config['instance']}-{role}-{tail}"
        facts = found["buckets"].get(name)
        findings.true(facts is not None, None, f"bucket {name} does not exist")
        if facts:
            safe = facts["public access blocked"] and facts["encryption"] and facts["tls only"]
            findings.true(safe, f"bucket {name}: private, encrypted, TLS only",
                          f"bucket {name}: {facts}")
    state = found["buckets"].get(f"cloudops-{config['instance']}-state-{tail}", {})
    findings.equal("versions of the state bucket", state.get("versioning"), "Enabled")


def build_server(findings, found, config):
    out = outputs(found, f"{config['instance']}-core-build")
    running = found["clusters"].get(out.get("BuildClusterName"), {}).get("services", {})
    findings.equal("services of the build server", len(running), 1)
    for name, service in running.items():
        findings.true(service["running"] == service["desired"] > 0 and service["rollout"] == "COMPLETED",
                      f"build server {name}: {service['running']} running", f"build server: {service}")
    findings.true(out.get("BuildFileSystemId") in found["file_systems"],
                  "file system of the build server", "the build server has no file system")
    listeners = found["load_balancers"].get(out.get("BuildLoadBalancerArn"), {}).get("listeners", {})
    findings.equal("listeners of the build server", sorted(listeners), ["443", "80"])
    group = outputs(found, f"{config['instance']}-core-bastion").get("BastionGroupName")
    findings.true(group in found["auto_scaling_groups"], "group of the bastion",
                  f"the group of the bastion, {group}, does not exist")


def settings(findings, found, config):
    path = f"/cloudops/{config['instance']}/core/"
    values = {k[len(path):]: v["value"] for k, v in found["parameters"].items() if k.startswith(path)}
    findings.true(len(values) >= 10, f"{len(values)} configuration keys below {path}",
                  f"only {sorted(values)} below {path}")
    findings.equal("configuration key domain", values.get("domain"), config["domain"])
    vpc = outputs(found, f"{config['instance']}-core-network").get("VpcId")
    findings.equal("configuration key vpc-id", values.get("vpc-id"), vpc)


# Types of which the services themselves must know every resource that a stack claims to have.
CLAIMS = {
    "AWS::EC2::VPC": "vpcs",
    "AWS::EC2::Subnet": "subnets",
    "AWS::EC2::RouteTable": "route_tables",
    "AWS::EC2::SecurityGroup": "security_groups",
    "AWS::EC2::InternetGateway": "internet_gateways",
    "AWS::EC2::NatGateway": "nat_gateways",
    "AWS::EC2::VPCEndpoint": "vpc_endpoints",
    "AWS::EC2::NetworkAcl": "network_acls",
    "AWS::EC2::LaunchTemplate": "launch_templates",
    "AWS::AutoScaling::AutoScalingGroup": "auto_scaling_groups",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load_balancers",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "target_groups",
    "AWS::CertificateManager::Certificate": "certificates",
    "AWS::Route53::HostedZone": "hosted_zones",
    "AWS::ECS::Cluster": "clusters",
    "AWS::ECR::Repository": "repositories",
    "AWS::RDS::DBCluster": "database_clusters",
    "AWS::RDS::DBInstance": "database_instances",
    "AWS::EFS::FileSystem": "file_systems",
    "AWS::Logs::LogGroup": "log_groups",
    "AWS::SSM::Parameter": "parameters",
    "AWS::Lambda::Function": "functions",
    "AWS::S3::Bucket": "buckets",
    "AWS::IAM::Role": "roles",
    "AWS::SNS::Topic": "topics",
}


def resources(findings, found, config):
    """Asks the services whether what the stacks claim to have is there."""
    count = 0
    for stack, facts in found["stacks"].items():
        if not stack.startswith(config["instance"] + "-"):
            continue
        for logical, resource in facts["resources"].items():
            section = CLAIMS.get(resource["type"])
            if section and resource["status"] != "DELETE_COMPLETE":
                count += 1
                findings.true(resource["id"] in found[section], None,
                              f"{stack}/{logical}: {resource['type']} {resource['id']} does not exist")
    findings.confirmed.append(f"{count} resources of the stacks, each found in its own service")
