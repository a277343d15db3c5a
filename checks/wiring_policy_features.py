"""Whether the policy learns on the features that it acts on."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord


@check(
    "wiring.policy_features",
    title="Features of the policy",
    needs=["wiring.features"],
    severity=Severity.CRITICAL,
)
def policy_features(run: RunRecord) -> Finding:
    """Is the policy fed by the same encoder when it learns and when it acts?

    Why: a policy trained on one encoder's features and driven by another's was never trained.
    Remedy: use one encoder for the policy everywhere: in the loss, in the target, when acting.
    Reference: the same mistake as defect D08, on the other network; found as `wiring.features`.
        Where no executed action is told, what is computed without gradients may be for a target.
    """
    assert run.wiring is not None
    seen = run.wiring.features.get("actor", {})
    acting, learning = seen.get("acting") or seen.get("without gradients"), seen.get("learning")
    if not acting or not learning or not acting.encoders or not learning.encoders:
        return Finding(Verdict.NOT_RUN, "no encoder's features seen in acting and learning (0)")
    one, other = sorted(acting.encoders), sorted(learning.encoders)
    if one == other:
        return Finding(
            Verdict.PASS, f"the policy sees {one[0]} in all {learning.calls + acting.calls:,} looks"
        )
    if "acting" not in seen and set(one) & set(other):
        message = (
            f"asked without gradients on {', '.join(one)} ({acting.calls:,}): to act, or else?"
        )
        return Finding(Verdict.NOT_RUN, f"{message} Tell of executed actions: recorder.step(...)")
    return Finding(
        Verdict.FAIL,
        f"the policy learns on features of {', '.join(other)} ({learning.calls:,} looks) and acts "
        f"on those of {', '.join(one)} ({acting.calls:,})",
        suspects=("actor_critic_feature_mixup",),
    )
