"""What the checks share."""

GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class Findings:
    """What was confirmed and what is wrong, each as a sentence."""

    def __init__(self):
        self.confirmed, self.wrong = [], []

    def equal(self, what, found, wanted):
        shown = ", ".join(wanted) if isinstance(wanted, list) else wanted
        self.true(found == wanted, f"{what}: {shown}", f"{what}: {found!r} instead of {wanted!r}")

    def same(self, what, found, wanted):
        """As `equal`, for what goes without saying when it is right."""
        self.true(found == wanted, None, f"{what}: {found!r} instead of {wanted!r}")

    def true(self, condition, confirmed, wrong):
        if not condition:
            self.wrong.append(wrong)
        elif confirmed:
            self.confirmed.append(confirmed)


def stacks(findings, found, names):
    """Each stack is there and complete."""
    for name in names:
        status = found["stacks"].get(name, {}).get("status", "absent")
        findings.true(status in GOOD, None, f"stack {name}: {status}")
    good = [n for n in names if found["stacks"].get(n, {}).get("status") in GOOD]
    findings.confirmed.append(f"{len(good)} stacks: {', '.join(good)}")


def outputs(found, stack):
    return found["stacks"].get(stack, {}).get("outputs", {})
