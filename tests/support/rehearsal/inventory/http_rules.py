"""Lets the emulator's load balancer answer for its HTTPS listener.

The emulator has one port per load balancer and no TLS: behind the port stands the HTTP listener,
which only redirects. For the time of a question its rules are those of the HTTPS listener. The
listener itself, and what it does by default, stay as the stack made them.
"""


def listeners(client, host):
    """The balancer whose HTTPS listener has a rule for the host, with both of its listeners."""
    for balancer in client.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        found = {v["Port"]: v["ListenerArn"]
                 for v in client.describe_listeners(LoadBalancerArn=arn)["Listeners"]}
        if 80 in found and any(answers(rule, host) for rule in rules(client, found.get(443))):
            return arn, found
    raise SystemExit(f"no load balancer has a rule for {host}")


def rules(client, listener):
    found = client.describe_rules(ListenerArn=listener)["Rules"] if listener else []
    return [rule for rule in found if not rule["IsDefault"]]


def answers(rule, host):
    return any(host in condition.get("HostHeaderConfig", {}).get("Values", [])
               for condition in rule["Conditions"])


def open_rules(client, host):
    """Gives the balancer's ARN."""
    arn, found = listeners(client, host)
    close(client, found)
    for rule in rules(client, found[443]):
        conditions = [{k: v for k, v in c.items() if k != "Values" or len(c) == 2}
                      for c in rule["Conditions"]]
        client.create_rule(ListenerArn=found[80], Priority=int(rule["Priority"]),
                           Conditions=conditions, Actions=rule["Actions"])
    return arn


def close_rules(client, host):
    close(client, listeners(client, host)[1])


def close(client, found):
    for rule in rules(client, found[80]):
        client.delete_rule(RuleArn=rule["RuleArn"])
