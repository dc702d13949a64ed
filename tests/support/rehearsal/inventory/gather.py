"""All that exists in the account, by section and identity."""

import json
from concurrent.futures import ThreadPoolExecutor

import gather_network
import gather_services


def pages(client, operation, key, **arguments):
    """All results of a list operation."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key) or []
    else:
        yield from getattr(client, operation)(**arguments).get(key) or []


def stacks(clients):
    client = clients["cloudformation"]
    found = {}
    for stack in pages(client, "describe_stacks", "Stacks"):
        name = stack["StackName"]
        resources = pages(client, "list_stack_resources", "StackResourceSummaries", StackName=name)
        found[name] = {
            "status": stack["StackStatus"],
            "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
            "tags": {t["Key"]: t["Value"] for t in stack.get("Tags", [])},
            "protected": stack.get("EnableTerminationProtection", False),
            "resources": {
                r["LogicalResourceId"]: {
                    "type": r["ResourceType"],
                    "id": r.get("PhysicalResourceId"),
                    "status": r["ResourceStatus"],
                }
                for r in resources
            },
        }
    return found


def buckets(clients):
    client = clients["s3"]
    return {b["Name"]: bucket(client, b["Name"]) for b in client.list_buckets()["Buckets"]}


def bucket(client, name):
    public = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    rules = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "versioning": client.get_bucket_versioning(Bucket=name).get("Status", "Off"),
        "public access blocked": all(public.values()),
        "encryption": [
            r["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for r in rules
        ],
        "tls only": "aws:SecureTransport" in client.get_bucket_policy(Bucket=name)["Policy"],
    }


def parameters(clients):
    values = pages(clients["ssm"], "get_parameters_by_path", "Parameters",
                   Path="/cloudops", Recursive=True)
    return {p["Name"]: {"value": p["Value"], "type": p["Type"]} for p in values}


def secrets(clients):
    # Names only: an inventory is printed and kept.
    return {s["Name"]: {} for s in pages(clients["secretsmanager"], "list_secrets", "SecretList")}


def keys(clients):
    client = clients["kms"]
    found = {}
    for key in pages(client, "list_keys", "Keys"):
        facts = client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if facts.get("KeyManager") != "AWS":
            found[key["KeyId"]] = {"state": facts["KeyState"]}
    return found


def roles(clients):
    found = pages(clients["iam"], "list_roles", "Roles")
    return {r["RoleName"]: {} for r in found if not r["Path"].startswith("/aws-service-role/")}


def policies(clients):
    found = pages(clients["iam"], "list_policies", "Policies", Scope="Local")
    return {p["PolicyName"]: {} for p in found}


def profiles(clients):
    found = pages(clients["iam"], "list_instance_profiles", "InstanceProfiles")
    return {p["InstanceProfileName"]: {} for p in found}


def functions(clients):
    found = pages(clients["lambda"], "list_functions", "Functions")
    return {f["FunctionName"]: {"runtime": f.get("Runtime"), "state": f.get("State")} for f in found}


def web_acls(clients):
    found = clients["wafv2"].list_web_acls(Scope="REGIONAL")["WebACLs"]
    return {a["Name"]: {"arn": a["ARN"]} for a in found}


def topics(clients):
    return {t["TopicArn"]: {} for t in pages(clients["sns"], "list_topics", "Topics")}


def queues(clients):
    found = pages(clients["sqs"], "list_queues", "QueueUrls")
    return {url.rsplit("/", 1)[1]: {"url": url} for url in found}


def rules(clients):
    return {r["Name"]: {"state": r["State"]} for r in pages(clients["events"], "list_rules", "Rules")}


def log_groups(clients):
    found = pages(clients["logs"], "describe_log_groups", "logGroups")
    return {g["logGroupName"]: {"retention": g.get("retentionInDays")} for g in found}


SECTIONS = {
    "stacks": stacks,
    **gather_network.SECTIONS,
    **gather_services.SECTIONS,
    "functions": functions,
    "parameters": parameters,
    "log_groups": log_groups,
    "queues": queues,
    "topics": topics,
    "event_rules": rules,
    "web_acls": web_acls,
    "secrets": secrets,
    "buckets": buckets,
    "keys": keys,
    "roles": roles,
    "policies": policies,
    "instance_profiles": profiles,
}


def everything(clients):
    """Every section; one that cannot be read fails the whole, and says which."""
    def section(item):
        name, read = item
        try:
            return name, read(clients)
        except Exception as error:
            raise RuntimeError(f"section {name}: {error}") from error

    gather_network.pages = gather_services.pages = pages
    for service in gather_network.SERVICES + gather_services.SERVICES + SERVICES:
        clients[service]  # making clients is not safe in several threads
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = dict(pool.map(section, SECTIONS.items()))
    return json.loads(json.dumps(found, default=str))


SERVICES = ["cloudformation", "s3", "ssm", "secretsmanager", "kms", "iam", "lambda", "wafv2", "sns",
            "sqs", "events", "logs"]
