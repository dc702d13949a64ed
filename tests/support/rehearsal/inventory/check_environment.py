"""Confirms that one environment exists and serves images that are in the repositories."""

from findings import outputs, stacks


def run(findings, found, config, env, sides):
    prefix = f"{config['instance']}-{env}-"
    names = sorted(n for n in found["stacks"] if n.startswith(prefix))
    stacks(findings, found, names)
    wanted = [f"{prefix}{title}" for title in ("cluster", "edge")]
    wanted += [f"{prefix}{title}-{side}" for title in ("data", "messaging", "job") for side in sides]
    for name in wanted:
        findings.true(name in names, None, f"stack {name} does not exist")
    repositories(findings, found, config)
    services(findings, found, prefix)
    databases(findings, found, prefix, sides)
    edge(findings, found, config, env)
    recorder(findings, found, prefix)


def repositories(findings, found, config):
    ours = {n: r for n, r in found["repositories"].items() if n.startswith(config["instance"] + "/")}
    findings.true("%s/cortex" % config["instance"] in ours, None, "there is no repository of cortex")
    for name, repository in ours.items():
        findings.same(f"tags of {name}", repository["tags"], "IMMUTABLE")
        findings.true(repository["images"], None, f"repository {name} has no image")


def services(findings, found, prefix):
    cluster = found["stacks"].get(prefix + "cluster", {}).get("outputs", {}).get("ClusterName")
    running = found["clusters"].get(cluster, {}).get("services", {})
    ours = {n: s for n, s in found["stacks"].items() if n.startswith(prefix + "svc-")}
    findings.true(len(ours) >= 4, None, f"only {len(ours)} services have stacks: {sorted(ours)}")
    findings.equal(f"services of cluster {cluster}", len(running), len(ours))
    for stack, facts in ours.items():
        name = facts["outputs"].get("ServiceName")
        if name not in running:
            findings.wrong.append(f"{stack}: there is no service {name}; there is {sorted(running)}")
            continue
        service(findings, found, stack[len(prefix):], running[name], facts["outputs"])


def service(findings, found, title, facts, out):
    at_rest = facts["running"] == facts["desired"] > 0 and facts["deployments"] == 1
    findings.true(at_rest and facts["rollout"] == "COMPLETED", None, f"{title}: {facts}")
    findings.same(f"{title} task definition", facts["task definition"],
                  out.get("TaskDefinitionArn"))
    for container, image in facts["images"].items():
        uri, _, digest = image.partition("@")
        repository = next((r for r in found["repositories"].values() if r["uri"] == uri), None)
        known = bool(repository) and digest in repository["images"]
        findings.true(known, f"{title}: {facts['running']} running, {container} {digest[:19]}",
                      f"{title}: image {image} is in no repository")
    for group in facts["target groups"]:
        targets = found["target_groups"].get(group, {}).get("targets", [])
        healthy = targets.count("healthy")
        findings.true(healthy >= facts["desired"], None, f"{title}: targets {targets}")


def databases(findings, found, prefix, sides):
    for side in sides:
        out = outputs(found, f"{prefix}data-{side}")
        cluster = found["database_clusters"].get(out.get("DatabaseClusterIdentifier"))
        if not cluster:
            findings.wrong.append(f"there is no database cluster of {side}")
            continue
        right = (cluster["engine"] == "aurora-mysql" and cluster["status"] == "available"
                 and cluster["encrypted"] and cluster["endpoint"] == out.get("DatabaseEndpoint"))
        findings.true(right, f"database of {side}: {cluster['engine']} {cluster['version']}",
                      f"database of {side}: {cluster}, the stack says {out.get('DatabaseEndpoint')}")
        members = [found["database_instances"].get(name) for name in cluster["members"]]
        right = members and all(member and member["status"] == "available" for member in members)
        findings.true(right, None, f"instances of the database of {side}: {members}")
        broker = outputs(found, f"{prefix}messaging-{side}").get("BrokerId")
        states = [b["state"] for b in found["brokers"].values() if b["id"] == broker]
        findings.equal(f"broker of {side}", states, ["RUNNING"])


def edge(findings, found, config, env):
    out = outputs(found, f"{config['instance']}-{env}-edge")
    balancer = found["load_balancers"].get(out.get("LoadBalancerArn"))
    if not balancer:
        findings.wrong.append("the environment has no load balancer")
        return
    findings.equal("scheme of the load balancer", balancer["scheme"], "internet-facing")
    findings.equal("listeners of the load balancer", sorted(balancer["listeners"]), ["443", "80"])
    secure = balancer["listeners"].get("443", {})
    findings.equal("protocol of port 443", secure.get("protocol"), "HTTPS")
    certificates = [found["certificates"].get(c, {}).get("domain")
                    for c in secure.get("certificates", [])]
    findings.equal("certificate of port 443", certificates, [config["domain"]])
    findings.equal("port 80", balancer["listeners"].get("80", {}).get("default"), ["redirect"])
    for priority, rule in secure.get("rules", {}).items():
        wanted = config["admin-cidrs"] if f"{env}-admin.{config['domain']}" in rule["hosts"] else []
        right = rule["paths"] and rule["sources"] == wanted and rule["targets"]
        findings.true(right, None, f"rule {priority} of port 443: {rule}, from {wanted or 'everywhere'}")
    hosts = {h for rule in secure.get("rules", {}).values() for h in rule["hosts"]}
    host = f"{env}.{config['domain']}"
    findings.true(host in hosts, f"rules for {', '.join(sorted(hosts))}",
                  f"no rule for {host}: {secure.get('rules')}")
    for zone in found["hosted_zones"].values():
        if zone["name"] == config["domain"]:
            kind = "private" if zone["private"] else "public"
            target = zone["records"].get(f"{host} A")
            findings.equal(f"{kind} record of {host}", target, [balancer["dns"]])
    findings.true(f"{config['instance']}-{env}" in found["web_acls"], "web application firewall",
                  "there is no web application firewall")


def recorder(findings, found, prefix):
    """The function that records events, where the environment has one."""
    if prefix + "events" in found["stacks"]:
        name = outputs(found, prefix + "events").get("RecorderFunctionName")
        findings.true(name in found["functions"], f"function {name}",
                      f"function {name} does not exist")
