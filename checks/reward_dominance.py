"""Whether one reward term is all that counts."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_READINGS, vacuous
from rca.runs.record import RunRecord

LIMIT = 0.88


@check("reward.dominance", title="Reward terms", severity=Severity.MINOR)
def dominance(run: RunRecord) -> Finding:
    """Do several reward terms have a say?

    Why: where one term makes up nearly all of the reward, the others are decoration, and the
        behaviour they were to shape is not learned.
    Remedy: compare the terms on scripted situations; weigh them anew.
    Reference: signals.md, "dominance": sum abs(r_i) / sum abs(r_j) above 0.88. WARN only: a task
        with one term is no fault.
    """
    terms = {n: s.finite() for n, s in run.signals.items() if n.startswith("reward/")}
    terms = {name: values for name, values in terms.items() if len(values)}
    if len(terms) < 2:
        return Finding(Verdict.NOT_RUN, "not recorded: two or more signals named reward/...")
    if min(len(values) for values in terms.values()) < MIN_READINGS:
        return vacuous(f"fewer than {MIN_READINGS} readings of one of {len(terms)} reward terms")
    sizes = {name: float(np.sum(np.abs(values))) for name, values in terms.items()}
    total = sum(sizes.values())
    if not 0 < total < np.inf:
        return vacuous(f"{len(terms)} reward terms add up to {total}")
    largest = max(sizes, key=lambda name: sizes[name])
    share = sizes[largest] / total
    message = f"{largest} makes up {share:.0%} of the reward's size, {len(terms)} terms"
    return Finding(Verdict.WARN if share > LIMIT else Verdict.PASS, message, share, LIMIT, "1")
