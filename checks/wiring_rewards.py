"""Whether the critic learns from the rewards of the executed steps."""

from rca.checking import Finding, Severity, Verdict, check, fail_below
from rca.runs.record import RunRecord

LIMIT = 0.9
"""Share of batches; a row of unknown origin in one spoils its fit."""
MIN_BATCHES = 10
LATE = 0.5
"""Share of batches; a memory writes every reward late or none, a few fit that by chance."""


@check(
    "wiring.rewards",
    title="Equation of the critic",
    needs=["wiring.equation"],
    severity=Severity.CRITICAL,
)
def rewards(run: RunRecord) -> Finding:
    """Is the critic regressed on its steps' own rewards plus the discounted next value?

    Why: a reward stored with another transition, or a next value of another state, is noise; the
        critic fits it all the same.
    Remedy: replay one recorded episode through the memory and compare every field; if rewards are
        normalised on purpose, tell the recorder both: recorder.step(reward, learned_reward=...).
    Reference: Sutton and Barto 2018, eq. 6.10 with the target of TD3, eq. 13; fitted per batch by
        rca/wiring/equation.py to a relative residual of 1e-3. Another trainer's own equation may be
        sound and fit now and then: it is accused of late rewards alone.
    """
    assert run.wiring is not None
    seen = run.wiring.equation
    if seen.tried < MIN_BATCHES:
        return Finding(Verdict.NOT_RUN, f"{seen.tried} batches could be held against steps")
    loss = run.wiring.loss
    tried = seen.tried if run.kind == "rca" else max(1, seen.tried - seen.short)
    share = seen.fitted / tried
    # Others may have a Huber loss, of which the equation leaves out the rows that are cut, or a
    # weight for each critic. What is explained is proven, whatever the twins say.
    is_open = run.kind == "rca" and share < LIMIT and not seen.late
    if is_open and loss is not None and loss.tried >= MIN_BATCHES:
        sound = loss.fitted - loss.single
        if sound < LIMIT * loss.tried:
            return Finding(
                Verdict.NOT_RUN,
                f"{sound} of {loss.tried} batches show a squared error, each row from its target: "
                "what the critic is regressed on cannot be read off (wiring.squared_error)",
            )
    if run.kind != "rca" and share < LIMIT and seen.late < LATE * tried:
        return Finding(
            Verdict.NOT_RUN,
            f"{seen.fitted} of {tried} batches fulfil r + discount * Q' (limit {LIMIT:.0%}): "
            "another equation (SAC's entropy, weights of rows, normalised rewards, half precision) "
            "or a memory that mixes rows up",
        )
    late = f"; {seen.late} fit the reward of the step before" if seen.late else ""
    message = (
        f"{share:.0%} of {tried} batches fulfil r + discount * Q' "
        f"(limit {LIMIT:.0%}, typical residual {seen.residual or 0:.1g}){late}"
    )
    return fail_below(share, LIMIT, message, unit="1", suspects=("replay_wrong", "reward_wrong"))
