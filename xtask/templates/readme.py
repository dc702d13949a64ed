"""The tables of templates/README.md, made from the templates; run in the folder that holds them.

The text between the headings is written by people and stays. Without --write nothing is written:
then the exit code is 1 when a table is not what its template says.
"""

import argparse
import pathlib
import re
import sys

import cfnlint.decode

README = pathlib.Path("README.md")
STACKS = "| template | stack | resources |"
TABLES = ("| parameter |", "| output |")

# Templates that take the place of another one: they have its outputs, and its stack.
STAND_INS = {"core/adopted-network": "core/network"}


def templates():
    """Every template by its name, such as core/network."""
    found = {}
    for path in sorted(path for group in ("core", "team", "deploy") for path in pathlib.Path(group).glob("*.yaml")):
        template, errors = cfnlint.decode.decode(str(path))
        if errors:
            sys.exit(f"templates/{path}: {errors[0].message}")
        found[path.with_suffix("").as_posix()] = template
    return found


# Longer lists of values are left to the template, such as the days that CloudWatch Logs takes.
MOST_VALUES = 8


def code(value):
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`"


def givers(name, parameter, all_templates):
    """The templates of other stacks that have an output of the parameter's name."""
    own = (name, STAND_INS.get(name))
    return [other for other, template in all_templates.items()
            if other not in own and other not in STAND_INS
            and parameter in template.get("Outputs", {})]


def default(name, key, parameter, all_templates):
    source = " or ".join(code(other) for other in givers(name, key, all_templates))
    if "Default" in parameter:
        value = parameter["Default"]
        own = "empty" if value == "" else code(value)
        return f"{own}, from {source}" if source else own
    return f"from {source}" if source else "required"


def meaning(parameter):
    text = parameter["Description"]
    values = parameter.get("AllowedValues")
    if not values or len(values) > MOST_VALUES:
        return text
    return f"{text}: {', '.join('empty' if value == '' else code(value) for value in values)}"


def given(output):
    """What an output is, and when there is one."""
    condition = output.get("Condition")
    return f"{output['Description']} (where {code(condition)})" if condition else output["Description"]


def tables(name, all_templates):
    """The lines of the tables of one template, an empty line after each table."""
    template, lines = all_templates[name], []
    inputs, outputs = template.get("Parameters", {}), template.get("Outputs", {})
    if inputs:
        lines += ["| parameter | default | meaning |", "|---|---|---|"]
        for key, parameter in inputs.items():
            cells = (code(key), default(name, key, parameter, all_templates), meaning(parameter))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if outputs:
        lines += ["| output | meaning |", "|---|---|"]
        lines += [f"| {code(key)} | {given(output)} |" for key, output in outputs.items()]
        lines.append("")
    return lines


def counted(line, all_templates):
    """A line of the list of stacks with the number of resources that is true now."""
    found = re.match(r"\| \[`(?P<name>[^`]+)`\]", line)
    if not found or found["name"] not in all_templates:
        return line
    count = len(all_templates[found["name"]]["Resources"])
    return re.sub(r"\| \d+ \|$", f"| {count} |", line)


def made(text, all_templates):
    """The README as it should be, and the templates that have a section in it."""
    lines, name, seen, skipping = [], None, set(), False
    for line in text.splitlines():
        heading = re.match(r"### `(?P<name>[^`]+)`$", line)
        if line.startswith("#"):
            name, skipping = None, False
        if heading and heading["name"] in all_templates:
            name = heading["name"]
            seen.add(name)
        if name and line.startswith(TABLES) and not skipping:
            lines += tables(name, all_templates)
            skipping = True
        if not skipping:
            lines.append(counted(line, all_templates))
    return "\n".join(lines).rstrip("\n") + "\n", seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    all_templates = templates()
    before = README.read_text(encoding="utf-8")
    after, seen = made(before, all_templates)
    missing = sorted(set(all_templates) - seen)
    for name in missing:
        print(f"templates/README.md: no section ### `{name}`: add one with a sentence and the line "
              "| parameter |, the rest is made")
    if after != before and write:
        README.write_text(after, encoding="utf-8")
        print("templates/README.md is written")
    elif after != before:
        pairs = zip(before.splitlines(), after.splitlines())
        number = next((at for at, (old, new) in enumerate(pairs, 1) if old != new), 1)
        print(f"templates/README.md:{number}: not what the templates say; run: "
              "cargo xtask templates --write")
    return 1 if missing or (after != before and not write) else 0


if __name__ == "__main__":
    sys.exit(main())
