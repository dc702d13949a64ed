"""The sections of EC2, load balancing, DNS and certificates."""

SERVICES = ["ec2", "elbv2", "route53", "acm", "servicediscovery"]
pages = None  # given by gather


def name_of(thing):
    return next((t["Value"] for t in thing.get("Tags", []) if t["Key"] == "Name"), None)


def vpcs(clients):
    found = pages(clients["ec2"], "describe_vpcs", "Vpcs")
    return {v["VpcId"]: {"cidr": v["CidrBlock"], "name": name_of(v)} for v in found}


def subnets(clients):
    found = pages(clients["ec2"], "describe_subnets", "Subnets")
    return {s["SubnetId"]: {"vpc": s["VpcId"], "cidr": s["CidrBlock"], "zone": s["AvailabilityZone"],
                            "name": name_of(s)} for s in found}


def route_tables(clients):
    found = pages(clients["ec2"], "describe_route_tables", "RouteTables")
    return {
        t["RouteTableId"]: {
            "vpc": t["VpcId"],
            "name": name_of(t),
            "subnets": sorted(a["SubnetId"] for a in t.get("Associations", []) if a.get("SubnetId")),
            "default route": next((r.get("GatewayId") or r.get("NatGatewayId") for r in t["Routes"]
                                   if r.get("DestinationCidrBlock") == "0.0.0.0/0"), None),
        }
        for t in found
    }


def nat_gateways(clients):
    found = pages(clients["ec2"], "describe_nat_gateways", "NatGateways")
    return {n["NatGatewayId"]: {"vpc": n["VpcId"], "subnet": n.get("SubnetId")}
            for n in found if n["State"] not in ("deleted", "deleting")}


def internet_gateways(clients):
    found = pages(clients["ec2"], "describe_internet_gateways", "InternetGateways")
    return {g["InternetGatewayId"]: {"vpcs": [a["VpcId"] for a in g.get("Attachments", [])]}
            for g in found}


def endpoints(clients):
    found = pages(clients["ec2"], "describe_vpc_endpoints", "VpcEndpoints")
    return {e["VpcEndpointId"]: {"vpc": e["VpcId"], "service": e["ServiceName"]}
            for e in found if e.get("State", "").lower() not in ("deleted", "deleting")}


def security_groups(clients):
    found = pages(clients["ec2"], "describe_security_groups", "SecurityGroups")
    return {g["GroupId"]: {"vpc": g.get("VpcId"), "name": g["GroupName"]} for g in found}


def network_acls(clients):
    found = pages(clients["ec2"], "describe_network_acls", "NetworkAcls")
    return {a["NetworkAclId"]: {"vpc": a["VpcId"]} for a in found}


def addresses(clients):
    found = clients["ec2"].describe_addresses()["Addresses"]
    return {a["AllocationId"]: {"address": a["PublicIp"]} for a in found}


def interfaces(clients):
    found = pages(clients["ec2"], "describe_network_interfaces", "NetworkInterfaces")
    return {i["NetworkInterfaceId"]: {"subnet": i.get("SubnetId"), "about": i.get("Description")}
            for i in found}


def instances(clients):
    found = pages(clients["ec2"], "describe_instances", "Reservations")
    return {i["InstanceId"]: {"state": i["State"]["Name"], "name": name_of(i)}
            for r in found for i in r["Instances"] if i["State"]["Name"] != "terminated"}


def launch_templates(clients):
    found = pages(clients["ec2"], "describe_launch_templates", "LaunchTemplates")
    return {t["LaunchTemplateId"]: {"name": t["LaunchTemplateName"]} for t in found}


def flow_logs(clients):
    found = pages(clients["ec2"], "describe_flow_logs", "FlowLogs")
    return {f["FlowLogId"]: {"resource": f["ResourceId"]} for f in found}


def load_balancers(clients):
    client = clients["elbv2"]
    return {
        b["LoadBalancerArn"]: {
            "name": b["LoadBalancerName"],
            "dns": b["DNSName"],
            "vpc": b.get("VpcId"),
            "scheme": b.get("Scheme"),
            "state": b["State"]["Code"],
            "listeners": listeners(client, b["LoadBalancerArn"]),
        }
        for b in pages(client, "describe_load_balancers", "LoadBalancers")
    }


def listeners(client, balancer):
    found = pages(client, "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    return {
        str(listener["Port"]): {
            "arn": listener["ListenerArn"],
            "protocol": listener["Protocol"],
            "certificates": [c["CertificateArn"] for c in listener.get("Certificates", [])],
            "default": [a["Type"] for a in listener.get("DefaultActions", [])],
            "rules": rules(client, listener["ListenerArn"]),
        }
        for listener in found
    }


def rules(client, listener):
    found = pages(client, "describe_rules", "Rules", ListenerArn=listener)
    return {
        r["Priority"]: {
            "hosts": values(r, "host-header", "HostHeaderConfig"),
            "paths": values(r, "path-pattern", "PathPatternConfig"),
            "sources": values(r, "source-ip", "SourceIpConfig"),
            "actions": [a["Type"] for a in r["Actions"]],
            "targets": [a.get("TargetGroupArn") for a in r["Actions"] if a["Type"] == "forward"],
        }
        for r in found if not r.get("IsDefault")
    }


def values(rule, field, config):
    matching = [c for c in rule["Conditions"] if c["Field"] == field]
    return [v for c in matching for v in c.get("Values") or c.get(config, {}).get("Values", [])]


def target_groups(clients):
    client = clients["elbv2"]
    found = {}
    for group in pages(client, "describe_target_groups", "TargetGroups"):
        health = client.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        found[group["TargetGroupArn"]] = {
            "name": group["TargetGroupName"],
            "balancers": group.get("LoadBalancerArns", []),
            "health path": group.get("HealthCheckPath"),
            "targets": [t["TargetHealth"]["State"] for t in health["TargetHealthDescriptions"]],
        }
    return found


def zones(clients):
    client = clients["route53"]
    found = {}
    for zone in pages(client, "list_hosted_zones", "HostedZones"):
        records = pages(client, "list_resource_record_sets", "ResourceRecordSets",
                        HostedZoneId=zone["Id"])
        found[zone["Id"].rsplit("/", 1)[1]] = {
            "name": zone["Name"].rstrip("."),
            "private": zone["Config"].get("PrivateZone", False),
            "records": {f"{r['Name'].rstrip('.')} {r['Type']}": values_of(r) for r in records},
        }
    return found


def values_of(record):
    if "AliasTarget" in record:
        return [record["AliasTarget"]["DNSName"].rstrip(".")]
    return [r["Value"] for r in record.get("ResourceRecords", [])]


def certificates(clients):
    client = clients["acm"]
    found = {}
    for summary in pages(client, "list_certificates", "CertificateSummaryList"):
        arn = summary["CertificateArn"]
        facts = client.describe_certificate(CertificateArn=arn)["Certificate"]
        found[arn] = {
            "domain": facts["DomainName"],
            "names": facts.get("SubjectAlternativeNames", []),
            "status": facts["Status"],
        }
    return found


def namespaces(clients):
    found = pages(clients["servicediscovery"], "list_namespaces", "Namespaces")
    return {n["Id"]: {"name": n["Name"]} for n in found}


SECTIONS = {
    "vpcs": vpcs,
    "subnets": subnets,
    "route_tables": route_tables,
    "nat_gateways": nat_gateways,
    "internet_gateways": internet_gateways,
    "vpc_endpoints": endpoints,
    "security_groups": security_groups,
    "network_acls": network_acls,
    "elastic_addresses": addresses,
    "network_interfaces": interfaces,
    "flow_logs": flow_logs,
    "instances": instances,
    "launch_templates": launch_templates,
    "load_balancers": load_balancers,
    "target_groups": target_groups,
    "hosted_zones": zones,
    "namespaces": namespaces,
    "certificates": certificates,
}
