"""The sections of containers, images, databases, brokers and files."""

SERVICES = ["ecs", "ecr", "rds", "mq", "efs", "autoscaling", "application-autoscaling"]
pages = None  # given by gather


def clusters(clients):
    client = clients["ecs"]
    return {
        arn.rsplit("/", 1)[1]: {"services": services(client, arn)}
        for arn in pages(client, "list_clusters", "clusterArns")
    }


def services(client, cluster):
    arns = list(pages(client, "list_services", "serviceArns", cluster=cluster))
    found = {}
    for start in range(0, len(arns), 10):
        some = client.describe_services(cluster=cluster, services=arns[start:start + 10])
        for service in some["services"]:
            if service["status"] == "ACTIVE":
                found[service["serviceName"]] = facts_of(client, service)
    return found


def facts_of(client, service):
    primary = next((d for d in service["deployments"] if d["status"] == "PRIMARY"), {})
    definition = client.describe_task_definition(taskDefinition=service["taskDefinition"])
    containers = definition["taskDefinition"]["containerDefinitions"]
    return {
        "desired": service["desiredCount"],
        "running": service["runningCount"],
        "rollout": primary.get("rolloutState"),
        "deployments": len(service["deployments"]),
        "task definition": service["taskDefinition"],
        "images": {c["name"]: c["image"] for c in containers},
        "target groups": [b["targetGroupArn"] for b in service.get("loadBalancers", [])],
    }


def task_definitions(clients):
    found = pages(clients["ecs"], "list_task_definitions", "taskDefinitionArns", status="ACTIVE")
    return {arn.rsplit("/", 1)[1]: {} for arn in found}


def repositories(clients):
    client = clients["ecr"]
    return {
        r["repositoryName"]: {
            "uri": r["repositoryUri"],
            "tags": r.get("imageTagMutability"),
            "images": {
                i["imageDigest"]: sorted(i.get("imageTags", []))
                for i in pages(client, "describe_images", "imageDetails",
                               repositoryName=r["repositoryName"])
            },
        }
        for r in pages(client, "describe_repositories", "repositories")
    }


def db_clusters(clients):
    found = pages(clients["rds"], "describe_db_clusters", "DBClusters")
    return {
        c["DBClusterIdentifier"]: {
            "engine": c["Engine"],
            "version": c.get("EngineVersion"),
            "status": c["Status"],
            "endpoint": c.get("Endpoint"),
            "encrypted": c.get("StorageEncrypted"),
            "members": [m["DBInstanceIdentifier"] for m in c.get("DBClusterMembers", [])],
        }
        for c in found
    }


def db_instances(clients):
    found = pages(clients["rds"], "describe_db_instances", "DBInstances")
    return {i["DBInstanceIdentifier"]: {"status": i["DBInstanceStatus"], "class": i["DBInstanceClass"],
                                        "cluster": i.get("DBClusterIdentifier")} for i in found}


def db_snapshots(clients):
    found = pages(clients["rds"], "describe_db_cluster_snapshots", "DBClusterSnapshots")
    return {s["DBClusterSnapshotIdentifier"]: {"cluster": s["DBClusterIdentifier"]} for s in found}


def db_subnet_groups(clients):
    found = pages(clients["rds"], "describe_db_subnet_groups", "DBSubnetGroups")
    return {g["DBSubnetGroupName"]: {} for g in found}


def db_parameter_groups(clients):
    found = pages(clients["rds"], "describe_db_cluster_parameter_groups", "DBClusterParameterGroups")
    return {g["DBClusterParameterGroupName"]: {} for g in found
            if not g["DBClusterParameterGroupName"].startswith("default.")}


def brokers(clients):
    found = pages(clients["mq"], "list_brokers", "BrokerSummaries")
    return {b["BrokerName"]: {"id": b["BrokerId"], "state": b["BrokerState"],
                              "engine": b.get("EngineType"), "mode": b["DeploymentMode"]}
            for b in found if b["BrokerState"] != "DELETION_IN_PROGRESS"}


def file_systems(clients):
    found = pages(clients["efs"], "describe_file_systems", "FileSystems")
    return {f["FileSystemId"]: {"state": f["LifeCycleState"], "encrypted": f.get("Encrypted")}
            for f in found}


def groups(clients):
    found = pages(clients["autoscaling"], "describe_auto_scaling_groups", "AutoScalingGroups")
    return {g["AutoScalingGroupName"]: {"desired": g["DesiredCapacity"]} for g in found}


def scalable_targets(clients):
    found = pages(clients["application-autoscaling"], "describe_scalable_targets", "ScalableTargets",
                  ServiceNamespace="ecs")
    return {t["ResourceId"]: {"min": t["MinCapacity"], "max": t["MaxCapacity"]} for t in found}


SECTIONS = {
    "clusters": clusters,
    "task_definitions": task_definitions,
    "repositories": repositories,
    "database_clusters": db_clusters,
    "database_instances": db_instances,
    "database_snapshots": db_snapshots,
    "database_subnet_groups": db_subnet_groups,
    "database_parameter_groups": db_parameter_groups,
    "brokers": brokers,
    "file_systems": file_systems,
    "auto_scaling_groups": groups,
    "scalable_targets": scalable_targets,
}
