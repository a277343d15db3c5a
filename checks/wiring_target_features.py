"""Whether the target critic sees features of a target encoder."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MOST = 0.5
"""Share of looks: a target gives the online features as long as both are still the same."""


@check(
    "wiring.target_features",
    title="Features of the target critic",
    needs=["wiring.features"],
    severity=Severity.MINOR,
)
def target_features(run: RunRecord) -> Finding:
    """Does the target critic see features of a slow copy of the critic's encoder?

    Why: with the online encoder in front, targets move with every update; with the actor's encoder
        they are values of something the critic never saw.
    Remedy: give the encoder a target and update it with the critic's; DrQ-v2 does without, with
        random shifts and n-step returns instead.
    Reference: seed.md, issue 6 (CNN targets); SAC-AE keeps a target encoder, DrQ-v2 none. A WARN,
        therefore, unless the features are the actor's.
    """
    assert run.wiring is not None
    seen = run.wiring.features.get("critic_target", {}).get("target")
    if not seen or not seen.encoders:
        return Finding(Verdict.NOT_RUN, "no encoder's features were found in the target (0 calls)")
    names = sorted(name for name, calls in seen.encoders.items() if calls > MOST * seen.calls)
    if not names:
        said = ", ".join(f"{name} in {calls}" for name, calls in seen.encoders.items())
        return Finding(Verdict.NOT_RUN, f"of {seen.calls} looks at the target's features: {said}")
    if any(name.startswith("actor") for name in names):
        return Finding(
            Verdict.FAIL,
            f"the target critic sees {', '.join(names)} in {seen.calls:,} looks",
            suspects=("actor_critic_feature_mixup",),
        )
    if all(name.endswith("_target") for name in names):
        return Finding(Verdict.PASS, f"the target critic sees {names[0]} in {seen.calls:,} looks")
    return Finding(
        Verdict.WARN,
        f"the target critic sees the online {', '.join(names)} in {seen.calls:,} looks",
        suspects=("encoder_targets_missing",),
    )
