"""An independent client's view of AWS: boto3, none of our own code.

    inventory.py inventory                         what exists, as JSON
    inventory.py check --config F [--part P]...    confirms what cloudops.yaml asks for
    inventory.py gone --before F                   confirms that nothing was left behind
    inventory.py secret --stack S --output O --field F --file F
    inventory.py registry-login --file F
    inventory.py open-http --host H                lets the balancer's one port answer for HTTPS
    inventory.py close-http --host H

Endpoint, region and credentials come from the standard variables.
"""

import argparse
import json
import os
import sys

import boto3
from botocore.config import Config

import check
import compare
import gather
import http_rules

# The proxy's recording names the caller by this word.
CONFIG = Config(user_agent_appid="inventory", s3={"addressing_style": "path"},
                retries={"mode": "standard", "max_attempts": 3})


class Clients:
    """One client per service, made when it is first asked for."""

    def __init__(self):
        self.session = boto3.session.Session()
        self.made = {}

    def __getitem__(self, service):
        if service not in self.made:
            self.made[service] = self.session.client(service, config=CONFIG)
        return self.made[service]


def write_private(path, text):
    """The file is complete when it appears, and nobody else reads it."""
    part = path + ".part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(part, path)


def secret(clients, args):
    stack = clients["cloudformation"].describe_stacks(StackName=args.stack)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
    if args.output not in outputs:
        sys.exit(f"stack {args.stack} has no output {args.output}; it has {', '.join(outputs)}")
    value = clients["secretsmanager"].get_secret_value(SecretId=outputs[args.output])
    write_private(args.file, json.loads(value["SecretString"])[args.field])


def registry_login(clients, args):
    data = clients["ecr"].get_authorization_token()["authorizationData"][0]
    registry = data["proxyEndpoint"].split("//", 1)[1].rstrip("/")
    write_private(args.file, json.dumps({"auths": {registry: {"auth": data["authorizationToken"]}}}))
    print(registry)


def report(confirmed, wrong):
    for line in confirmed:
        print(line)
    if wrong:
        sys.exit("\n".join(wrong))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("inventory")
    verb = verbs.add_parser("check")
    verb.add_argument("--config", required=True)
    verb.add_argument("--part", action="append", default=[], choices=["core", "team"])
    verb.add_argument("--env")
    verb.add_argument("--kind", default="author-live", choices=["author-live", "single"])
    verb = verbs.add_parser("gone")
    verb.add_argument("--before", required=True)
    verb = verbs.add_parser("secret")
    for name in ("stack", "output", "field", "file"):
        verb.add_argument("--" + name, required=True)
    verbs.add_parser("registry-login").add_argument("--file", required=True)
    for name in ("open-http", "close-http"):
        verbs.add_parser(name).add_argument("--host", required=True)
    return parser.parse_args()


def main():
    args, clients = arguments(), Clients()
    if args.verb == "inventory":
        json.dump(gather.everything(clients), sys.stdout, indent=1, sort_keys=True, default=str)
    elif args.verb == "check":
        report(*check.run(gather.everything(clients), args.config, args.part, args.env, args.kind))
    elif args.verb == "gone":
        with open(args.before, encoding="utf-8") as file:
            report(*compare.run(json.load(file), gather.everything(clients)))
    elif args.verb == "secret":
        secret(clients, args)
    elif args.verb == "open-http":
        print(http_rules.open_rules(clients["elbv2"], args.host))
    elif args.verb == "close-http":
        http_rules.close_rules(clients["elbv2"], args.host)
    else:
        registry_login(clients, args)


main()
