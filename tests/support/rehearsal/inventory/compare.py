"""Confirms that nothing was left behind, but what retention keeps."""

# What outlives its stack, by section: why, and which.
KEPT = {
    "keys": ("a key goes 30 days after its deletion was asked for; the template keeps it, "
             "because what it encrypted may still be needed", lambda _: True),
    "task_definitions": ("retained, so that a rollback finds the revision before", lambda _: True),
    "database_snapshots": ("the last snapshot of a database", lambda _: True),
    "file_systems": ("the home of the build server", lambda _: True),
}


def run(before, after):
    """Gives what is kept and why, and all that should not be there."""
    kept, wrong = [], []
    for section in sorted(after):
        new = sorted(set(after[section]) - set(before.get(section, {})))
        why, allowed = KEPT.get(section, ("", lambda _: False))
        ours = [name for name in new if allowed(after[section][name])]
        if ours:
            kept.append(f"{len(ours)} {section.replace('_', ' ')}: {why}")
        for name in new:
            if name not in ours:
                wrong.append(f"{section.replace('_', ' ')}: {name} is left: {after[section][name]}")
        for name in sorted(set(before.get(section, {})) - set(after[section])):
            wrong.append(f"{section.replace('_', ' ')}: {name} was there before and is gone")
    return kept, wrong
