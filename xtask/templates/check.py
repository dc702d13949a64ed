"""Our own rules for the templates, run in the folder that holds them.

cfn-lint knows what AWS accepts; this knows what the programs rely on. Prints one line per
violation, `file:line: what, why`, and exits with 1 if there is one.
"""

import pathlib
import sys

import cfnlint.decode

MAX_BYTES = 51_200
DATA = {
    "AWS::Backup::BackupVault",
    "AWS::EFS::FileSystem",
    "AWS::KMS::Key",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
}


def line(node):
    """The line where a decoded node begins, or the first."""
    mark = getattr(node, "start_mark", None)
    return mark.line + 1 if mark is not None else 1


def key_line(parent, name):
    """The line of a key: the decoder keeps the mark on the key itself."""
    return next((line(key) for key in parent if key == name), 1)


def imports(node):
    """Every Fn::ImportValue under a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::ImportValue":
                yield node
            yield from imports(value)
    elif isinstance(node, list):
        for value in node:
            yield from imports(value)


CONSTRAINTS = {
    "AllowedPattern", "AllowedValues", "MinLength", "MaxLength", "MinValue", "MaxValue",
}


def is_open(parameter):
    """Whether any value at all is taken: AWS checks the types with a name of their own."""
    plain = str(parameter.get("Type")) in ("String", "Number", "CommaDelimitedList", "List<Number>")
    return plain and not CONSTRAINTS & set(parameter)


def parameters(template):
    section = template.get("Parameters", {})
    for name, parameter in section.items():
        for key in ("Description", "Type"):
            if not parameter.get(key):
                why = "people are asked for it by name"
                yield key_line(section, name), f"parameter {name} has no {key}", why
        if is_open(parameter):
            why = "a wrong value is to be found before anything is made"
            yield key_line(section, name), f"parameter {name} has no constraint", why


def resources(template):
    section = template.get("Resources", {})
    for name, resource in section.items():
        kind = resource.get("Type")
        where = key_line(section, name)
        if kind == "AWS::CloudFormation::Stack":
            yield where, f"resource {name} is a nested stack", "stacks are flat, the programs order them"
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            if kind in DATA and key not in resource:
                yield where, f"resource {name} ({kind}) has no {key}", "it holds data"


def references(template):
    why = "outputs are wired to parameters by the programs"
    section = template.get("Outputs", {})
    for name, output in section.items():
        if "Export" in output:
            yield key_line(section, name), f"output {name} is exported", why
    for node in imports(template):
        yield line(node), "Fn::ImportValue is used", why


def check(path, readme):
    size = path.stat().st_size
    if size >= MAX_BYTES:
        yield 1, f"the template has {size} bytes", f"it goes inline, so it must have less than {MAX_BYTES}"
    if path.as_posix() not in readme:
        yield 1, "templates/README.md does not mention it", "the README is the list of all templates"
    template, errors = cfnlint.decode.decode(str(path))
    for error in errors:
        yield error.linenumber, error.message, "it cannot be read"
    if template is not None:
        for rule in (parameters, resources, references):
            yield from rule(template)


def main():
    paths = sorted(path for group in ("core", "team", "deploy") for path in pathlib.Path(group).glob("*.yaml"))
    readme_path = pathlib.Path("README.md")
    readme = readme_path.read_text(encoding="utf-8") if readme_path.exists() else ""
    found = [(path, *violation) for path in paths for violation in check(path, readme)]
    for path, number, what, why in found:
        print(f"templates/{path.as_posix()}:{number}: {what}, {why}")
    if not paths:
        print("templates: no template found, so nothing was checked")
    print(f"{len(paths)} templates, {len(found)} violations of our own rules")
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
