"""Whether the first weights follow from the seed."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord


@check("config.seed_in_force", title="Seed in force", severity=Severity.MINOR)
def seed_in_force(run: RunRecord) -> Finding:
    """Does the same seed draw the same first weights again?

    Why: without it no run can be repeated, and two settings cannot be compared on equal terms.
    Remedy: pass one Generator to whatever draws; look for libraries that seed themselves.
    Reference: Henderson et al. 2018. The agent is made twice from one seed and its weights
        compared.
    """
    found = run.provenance.get("first_weights")
    if not isinstance(found, list) or len(found) != 2:
        return Finding(Verdict.NOT_RUN, "not recorded: digests of the first weights, made twice")
    first, again = map(str, found)
    if first == again:
        return Finding(Verdict.PASS, f"the first weights are {first} both times, 2 of 2")
    return Finding(
        Verdict.FAIL, f"first weights {first}, made again {again}", suspects=("seed_ignored",)
    )
