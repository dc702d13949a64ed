"""shellcheck over the shell scripts of the repository, and over those inside of its templates; run
in the folder with the templates.

A script is the user data of a host, or the command of a container whose entry point is a shell.
What CloudFormation puts in place of ${Name} is replaced by a word.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import cfnlint.decode

SHELLS = {"/bin/sh": "sh", "/bin/bash": "bash"}


def choices(node):
    """The values that a node may have: both branches of an Fn::If, else itself."""
    if isinstance(node, dict) and set(node) == {"Fn::If"}:
        return [value for branch in node["Fn::If"][1:] for value in choices(branch)]
    return [node]


def substituted(node):
    """The text of a literal or of an Fn::Sub."""
    if isinstance(node, str):
        return str(node)
    text = node.get("Fn::Sub") if isinstance(node, dict) else None
    if isinstance(text, list):
        text = text[0]
    if not isinstance(text, str):
        return None
    return re.sub(r"\$\{!(\w+)\}", r"${\1}", re.sub(r"\$\{[A-Za-z][\w.:]*\}", "word", text))


def user_data(node):
    text = substituted(node.get("Fn::Base64")) if isinstance(node, dict) else None
    if text:
        shell = "bash" if text.startswith("#!/bin/bash") else "sh"
        yield shell, text


def commands(container):
    for entry in choices(container.get("EntryPoint")):
        shell = SHELLS.get(entry[0]) if isinstance(entry, list) and entry[1:] == ["-c"] else None
        for command in choices(container.get("Command")):
            if shell and isinstance(command, list) and command:
                text = substituted(command[0])
                if text:
                    yield shell, text


def scripts(node):
    """Every script under a node, with the shell that runs it."""
    if isinstance(node, dict):
        yield from user_data(node.get("UserData"))
        if "EntryPoint" in node:
            yield from commands(node)
        for value in node.values():
            yield from scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from scripts(value)


def written(folder):
    """The scripts of all templates as files."""
    for path in sorted(path for group in ("core", "team", "deploy") for path in pathlib.Path(group).glob("*.yaml")):
        template, _ = cfnlint.decode.decode(str(path))
        for number, (shell, text) in enumerate(scripts(template), 1):
            name = f"{path.with_suffix('').as_posix().replace('/', '-')}-{number}.{shell}"
            (folder / name).write_text(text, encoding="utf-8")
            yield folder / name, shell


def kept():
    """The scripts of the repository: files that git knows and that name a shell."""
    root = pathlib.Path("..")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = root / name
        with path.open("rb") as file:
            found = re.match(rb"#!.*\b(bash|sh)$", file.readline().rstrip())
        if found:
            yield path, found[1].decode()


def check(path, shell):
    command = ["shellcheck", "--shell", shell, "--format", "gcc", path]
    return subprocess.run(command, check=False).returncode == 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        inside, own = list(written(pathlib.Path(folder))), list(kept())
        failed = sum(not check(path, shell) for path, shell in inside + own)
    print(f"{len(inside)} scripts in templates and {len(own)} others, {failed} with findings")
    return 1 if failed or not inside or not own else 0


if __name__ == "__main__":
    sys.exit(main())
