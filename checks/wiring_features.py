"""Whether actor and critic losses evaluate Q on the same encoder's features."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord


@check(
    "wiring.features",
    title="Features in both losses",
    needs=["wiring.features"],
    severity=Severity.CRITICAL,
)
def features(run: RunRecord) -> Finding:
    """Does the actor's loss evaluate Q on features of the encoder that the critic learned on?

    Why: Q on another encoder's features is a number that no reward has touched; the actor and its
        encoder learn to raise it, and nothing in the logs names the mistake.
    Remedy: compute Q in the actor's loss on the critic's encoder, with the actor's own encoder
        feeding the action alone.
    Reference: evidence.md, section 1 and defect D08: three months lost. Seen by looking for rows of
        the encoders' outputs in the critic's input; exact equality, so any call counts.
    """
    assert run.wiring is not None
    seen = run.wiring.features.get("critic", {})
    learned, climbed = (seen.get(f"{loss} loss") for loss in ("critic", "actor"))
    if not learned or not climbed or not learned.encoders or not climbed.encoders:
        return Finding(Verdict.NOT_RUN, "no encoder's features were found in both losses (0 calls)")
    foreign = sorted(set(climbed.encoders) - set(learned.encoders))
    ours = ", ".join(sorted(learned.encoders))
    if not foreign:
        return Finding(Verdict.PASS, f"Q sees {ours} in both losses, in {climbed.calls:,} looks")
    calls = max(climbed.encoders[name] for name in foreign)
    return Finding(
        Verdict.FAIL,
        f"the actor's loss evaluates Q on features of {', '.join(foreign)} in {calls:,} of "
        f"{climbed.calls:,} looks; the critic learns on those of {ours}",
        suspects=("actor_critic_feature_mixup",),
    )
