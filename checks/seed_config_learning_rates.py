"""The seed's checklist: learning rates."""

import math
from dataclasses import replace

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria, number
from rca.runs.record import RunRecord

WANTED = 3e-4
NETWORKS = ("actor", "critic", "actor_encoder", "critic_encoder")
HEADS = ("actor", "critic")
"""Networks with an encoder in front of them."""


@check(
    "seed.config_learning_rates",
    title="Seed: all learning rates 3e-4",
    severity=Severity.MINOR,
    driving=True,
)
def config_learning_rates(run: RunRecord) -> Finding:
    """Are all learning rates 3e-4, those of the encoders too?

    Why: the first item of the seed's checklist; the seed holds a slower encoder for the primary
        cause.
    Remedy: set agent.actor_lr, critic_lr, actor_encoder_lr and critic_encoder_lr to 3e-4. Do not
        expect it to mend anything that began before the first update.
    Reference: seed.md, "Verification Checklist". The quotations behind it are not in the
        documentation they name (evidence.md, section 3).
    """
    criteria = [_rate(run, name) for name in NETWORKS]
    if all(item.met is None for item in criteria):
        return Finding(Verdict.NOT_RUN, "not recorded: any learning rate")
    found = judge_criteria(criteria)
    slower = [f"{head}_encoder" for head in HEADS if _is_slower(run, head)]
    if found.verdict is not Verdict.FAIL or not slower:
        return found
    return replace(found, message=f"{found.message}; slower than its head: {', '.join(slower)}")


def _is_slower(run: RunRecord, head: str) -> bool:
    """Tells whether the encoder in front of a head learns slower than it, as logged or declared."""
    rates = (_logged(run, f"{head}_encoder"), _logged(run, head))
    if any(map(math.isnan, rates)):
        rates = (number(run, f"agent.{head}_encoder_lr"), number(run, f"agent.{head}_lr"))
    return rates[0] < 0.99 * rates[1]


def _rate(run: RunRecord, name: str) -> Criterion:
    value, declared = _logged(run, name), number(run, f"agent.{name}_lr")
    if not math.isnan(value):
        return Criterion(f"{name} {value:.3g} (logged)", math.isclose(value, WANTED, rel_tol=1e-3))
    if math.isnan(declared):
        return Criterion(f"{name} neither logged nor declared", None)
    if name == "actor_encoder" and run.config.get("agent.encoder_sharing") == "detached":
        return Criterion(f"{name} not used (detached)", True)  # no optimizer holds one
    if _contradicted(run):
        return Criterion(f"{name} declared {declared:.3g}, but other rates were not in force", None)
    source = "effective" if run.kind == "rca" else "declared only"
    met = math.isclose(declared, WANTED, rel_tol=1e-3)
    return Criterion(f"{name} {declared:.3g} ({source})", met)


def _logged(run: RunRecord, name: str) -> float:
    signal = run.signals.get(f"{name}/lr")
    return math.nan if signal is None else signal.median()


def _contradicted(run: RunRecord) -> bool:
    """Tells whether a logged rate differs from the declared one."""
    pairs = [(_logged(run, name), number(run, f"agent.{name}_lr")) for name in NETWORKS]
    known = [(a, b) for a, b in pairs if not math.isnan(a) and not math.isnan(b)]
    return any(not math.isclose(a, b, rel_tol=0.01) for a, b in known)
