"""What is known of a trainer that is not ours, and what its design may be.

Our own trainer's equation, schedules and order are known, and what differs is a fault. Elsewhere
much of it may be meant so, and only what is proven is held against it.
"""

import math
from collections.abc import Iterable

import numpy as np

from rca.checking import Finding, Verdict
from rca.judging import Floats
from rca.runs.record import RunRecord
from rca.wiring.memory import NEXT, MemoryFacts

USUAL = (0.95, 1.001)
"""Largest executed action where they are in [-1, 1]: a random phase has come near the ends."""
EXPLAINED = 0.9
"""Share of a foreign trainer's batches that one equation must explain to be judged by it: of sound
ones with another equation up to 55% fit, of those with this one 98% (tests/sound_trainers.py)."""
FORM = 0.01
"""Share of the known rows of batches that hold what no step was told with, from which it was told
in another form than the memory keeps or draws: scaled, normalised, augmented. Steps that are mixed
up hold what was told of others. This limit and the two below were chosen, not fitted: samplers on
both sides of them stand in tests/test_attach_memory.py."""
TELLING = 0.5
"""Different rewards per step, from which a reward names its step. Of few values (-1, 0, 1) a
sampler that pays otherwise on purpose makes values that were told too."""
OWN = 0.1
"""Share of the known rows whose observation is as it was told, from which it was told in the form
in which it is kept: if other rows hold another one, they were changed on purpose (hindsight)."""


def not_explained(run: RunRecord) -> Finding | None:
    """Returns NOT_RUN if a foreign trainer's equation is another one, None if it is the known one.

    A few batches fit by chance, or where an entropy is small; what they say of the discount or of
    endings is theirs. Our own trainer's equation is known.
    """
    assert run.wiring is not None
    seen = run.wiring.equation
    tried = seen.tried - seen.short
    if run.kind == "rca" or seen.fitted >= EXPLAINED * tried:
        return None
    message = f"{seen.fitted} of {tried} batches fulfil r + discount * Q': another equation"
    return Finding(Verdict.NOT_RUN, message)


def action_range(run: RunRecord) -> float:
    """Returns how far a foreign trainer's actions reach, 1.0 if that is [-1, 1] or not known.

    Noise is configured in units of actions or, as by TD3's authors, of their range.
    """
    assert run.wiring is not None
    reach = run.wiring.actions.largest
    is_usual = reach is None or not math.isfinite(reach) or USUAL[0] <= reach <= USUAL[1]
    return 1.0 if run.kind == "rca" or is_usual or not reach else reach


def frozen_on_purpose(run: RunRecord) -> frozenset[str]:
    """Returns the encoders of a foreign trainer that require no gradient and have no optimizer.

    Who forgets an encoder does one of the two; pretrained ones are kept as they are by both. Some
    layers of it may be kept so, if all others learn.
    """
    assert run.wiring is not None
    if run.kind == "rca":
        return frozenset()
    return frozenset(
        name
        for name, part in run.wiring.trained().items()
        if name.endswith("encoder")
        and part.frozen.count == part.in_no_optimizer.count > 0
        and part.frozen.count in (part.parameters, part.not_reached.count)
    )


def kept_frozen(names: Iterable[str]) -> Finding | None:
    """Returns the WARN about encoders that are frozen on purpose, None if there are none."""
    listed = sorted(names)
    if not listed:
        return None
    message = f"{len(listed)} frozen and in no optimizer ({', '.join(listed)}): meant so?"
    return Finding(Verdict.WARN, message, suspects=("encoder_frozen",))


def rates_seen(run: RunRecord, part: str) -> Floats:
    """Returns every learning rate of a part that was seen in force, in no order."""
    signal = run.signals.get(f"{part}/lr")
    known = [] if signal is None else list(signal.finite())
    for optimizer in run.wiring.optimizers.values() if run.wiring else ():
        looks = (optimizer.first_rates or {}, optimizer.rates)
        known += [rates[part] for rates in looks if part in rates]
    return np.array(known, np.float64)


def of_another_form(seen: MemoryFacts) -> set[str]:
    """Returns what of rows may be otherwise than told: observations' parts, reward, both flags."""
    known = seen.rows - seen.unknown
    found = {
        what.removeprefix(NEXT)
        for what, count in seen.strange.items()
        if count > FORM * seen.compared(what) and what not in seen.same
    }
    if seen.rewards < TELLING * seen.steps:
        found.add("reward")
    if found and OWN * known < seen.as_told < (1 - FORM) * known:
        found |= {"reward", "terminal missing", "terminal added"}
    return found
