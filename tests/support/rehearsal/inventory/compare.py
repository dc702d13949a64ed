"""Confirms that nothing was left behind, but what retention keeps."""

# What outlives its stack because its template says so, by section.
RETAINED = {
    "keys": "what they encrypted may still be needed",
    "task_definitions": "a rollback finds the revision before",
    "database_snapshots": "the last state of a database",
    "file_systems": "the home of the build server",
}

# What AWS removes with a network or a task, and the emulator forgets, by section.
FORGOTTEN = {
    "network_acls": lambda facts, after: facts["vpc"] not in after["vpcs"],
    "route_tables": lambda facts, after: facts["vpc"] not in after["vpcs"],
    "security_groups": lambda facts, after: facts["vpc"] not in after["vpcs"]
    and facts["name"] == "default",
    "network_interfaces": lambda facts, after: facts["subnet"] not in after["subnets"],
}


def run(before, after):
    """Gives what is kept and why, and all that should not be there."""
    kept, wrong = [], []
    for section in sorted(after):
        name_of_section = section.replace("_", " ")
        new = sorted(set(after[section]) - set(before.get(section, {})))
        forgotten = [n for n in new if is_forgotten(section, after[section][n], after)]
        rest = [n for n in new if n not in forgotten]
        if rest and section in RETAINED:
            kept.append(f"{len(rest)} {name_of_section}: {RETAINED[section]}")
            rest = []
        if forgotten:
            kept.append(f"{len(forgotten)} {name_of_section} of a network that is gone: "
                        "AWS removes them with it, the emulator forgets to")
        wrong += [f"{name_of_section}: {n} is left: {after[section][n]}" for n in rest]
        gone = sorted(set(before.get(section, {})) - set(after[section]))
        wrong += [f"{name_of_section}: {n} was there before and is gone" for n in gone]
    return kept, wrong


def is_forgotten(section, facts, after):
    test = FORGOTTEN.get(section)
    return bool(test and test(facts, after))
