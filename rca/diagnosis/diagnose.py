"""diagnose: causes that fit what was seen and when, and why the others do not."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rca.checking import Finding, Verdict
from rca.diagnosis.cause import ANY, Cause, Grade, Moment, Sign, load_causes
from rca.runs.record import RunRecord
from rca.runs.task import drives
from rca.yaml_file import read_yaml

WEIGHTS = Path(__file__).with_name("weights.yaml")
LIKELY = 0.5
"""Probability from which a cause is told in the story."""
CLEARED = 0.01
"""Probability below which a strong sign against a cause clears it; weak ones alone never do."""


@dataclass(frozen=True)
class Evidence:
    """A finding and what it adds to a cause's log-odds, negative if it speaks against it."""

    finding: Finding
    weight: float


@dataclass(frozen=True)
class Ranked:
    """A cause that may be active.

    Attributes:
        cause: Which.
        probability: That it is active in this run, from the evidence; causes do not exclude each
            other, so the probabilities of several do not add up to 1.
        evidence: For and against, the heaviest first.
        onset: Environment step of the earliest sign for it, None if no sign has a place.
        follows: Ids of likely causes in this run that are known to bring it about.
    """

    cause: Cause
    probability: float
    evidence: tuple[Evidence, ...]
    onset: int | None
    follows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refuted:
    """A cause that cannot have done it, with the reason in one sentence."""

    cause: Cause
    reason: str
    is_by_order: bool = False
    """Whether what it would explain is older than it."""


@dataclass(frozen=True)
class Untested:
    """A cause of which this record can tell nothing, with what to log or run."""

    cause: Cause
    advice: str


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a run, since when, how sure, and what it is not.

    Attributes:
        run: The run's id.
        ranked: Likely causes first, of these what merely misleads last, then by probability; a
            consequence stands below its cause.
        refuted: Cleared causes.
        untested: Causes that could be neither supported nor cleared.
        story: The likely causes in order of time, one line each.
    """

    run: str
    ranked: tuple[Ranked, ...]
    refuted: tuple[Refuted, ...]
    untested: tuple[Untested, ...]
    story: tuple[str, ...]


def diagnose(
    run: RunRecord, findings: Sequence[Finding], causes: Iterable[Cause] | None = None
) -> Diagnosis:
    """Returns the causes that fit a run's findings.

    Args:
        run: Diagnosed.
        findings: Of its checks.
        causes: Known ones; those of rca/diagnosis/causes if None. Those of driving are left out
            where the run's task is another, those of our own trainer in a foreign run.
    """
    weights = _weights()
    known, asked = load_causes() if causes is None else causes, drives(run)
    is_ours = run.kind == "rca"
    meant = [c for c in known if (asked or not c.driving) and (is_ours or not c.ours)]
    judged = [_judge(cause, run, findings, weights) for cause in meant]
    ranked = [item for item in judged if isinstance(item, Ranked)]
    linked = _linked(sorted(ranked, key=_first_the_likely))
    ordered = _below_their_causes(linked, weights["fact"])
    return Diagnosis(
        run.id,
        tuple(ordered),
        tuple(item for item in judged if isinstance(item, Refuted)),
        tuple(item for item in judged if isinstance(item, Untested)),
        _story(ordered),
    )


def _judge(
    cause: Cause, run: RunRecord, findings: Sequence[Finding], weights: Mapping[str, float]
) -> Ranked | Refuted | Untested:
    reason = _ruled_out(cause, run, findings)
    if reason:
        return Refuted(cause, reason)
    reason = _too_late(cause, run, findings)
    if reason:
        return Refuted(cause, reason, is_by_order=True)
    begin = acts_from(cause.acts_from, run)
    if math.isinf(begin):
        moment = _words(cause.acts_from)
        when = "is recorded" if run.outcome.critic_updates is None else "took place"
        return Untested(cause, f"it acts from the {moment} on, and none {when}: run longer")
    evidence = _evidence(cause, findings, weights)
    if not evidence:
        return Untested(cause, _advice(cause))
    item = _rank(cause, evidence, weights)
    if item.probability < CLEARED and evidence[0].weight <= -weights["strong"]:
        against = evidence[0].finding
        return Refuted(cause, f"{against.check} passed: {against.message}")
    return item


def _first_the_likely(item: Ranked) -> tuple[bool, bool, float, int]:
    likely = item.probability >= LIKELY
    moment = list(Moment).index(item.cause.acts_from)
    return not likely, likely and item.cause.misleads, -item.probability, moment


def _words(moment: Moment) -> str:
    return moment.value.replace("_", " ")


def _weights() -> Mapping[str, float]:
    tree = read_yaml(WEIGHTS)
    return {name: float(str(value)) for name, value in tree.items()}


def _evidence(
    cause: Cause, findings: Sequence[Finding], weights: Mapping[str, float]
) -> list[Evidence]:
    found = [
        Evidence(finding, sign * _weight(item, finding, weights))
        for sign, items in ((1, cause.supports), (-1, cause.contradicts))
        for item in items
        if (finding := item.seen_in(findings)) is not None
    ]
    if any(item.weight >= weights["fact"] for item in found):
        found = [item for item in found if item.weight > 0]  # a fact is not argued away
    return sorted(found, key=lambda item: -abs(item.weight))


def _weight(sign: Sign, finding: Finding, weights: Mapping[str, float]) -> float:
    full = weights[sign.grade.value]
    return full * weights["warned"] if finding.verdict is Verdict.WARN else full


def _rank(cause: Cause, evidence: list[Evidence], weights: Mapping[str, float]) -> Ranked:
    odds = weights["prior"] + sum(item.weight for item in evidence)
    onsets = [
        item.finding.onset
        for item in evidence
        if item.weight > 0 and item.finding.onset is not None
    ]
    return Ranked(cause, 1 / (1 + math.exp(-odds)), tuple(evidence), min(onsets, default=None))


def _ruled_out(cause: Cause, run: RunRecord, findings: Sequence[Finding]) -> str:
    """Returns what shows that a cause has not done it, "" if nothing does."""
    begin = acts_from(cause.acts_from, run)
    for sign in cause.rules_out:
        finding = sign.seen_in(findings)
        if finding and not math.isinf(begin):  # what never acted was not put to the test
            shown = f"{finding.check}: {finding.message}"
            return f"{cause.because}: {shown}" if cause.because else shown
    return ""


def _too_late(cause: Cause, run: RunRecord, findings: Sequence[Finding]) -> str:
    """Returns what a cause would explain but is older than it, "" if nothing is."""
    begin = acts_from(cause.acts_from, run)
    older = [f for f in findings if f.check in cause.explains and _older(f, begin)]
    if not older or any(sign.seen_in(findings) for sign in cause.supports if _decides(sign)):
        return ""
    first = min(older, key=lambda finding: finding.onset or 0)
    never = "is not recorded" if run.outcome.critic_updates is None else "never came"
    when = never if math.isinf(begin) else f"came at step {begin:,.0f}"
    moment = _words(cause.acts_from)
    return (
        f"{first.check} began at step {first.onset:,}; this cannot act before the {moment}, which "
        f"{when}"
    )


def _decides(sign: Sign) -> bool:
    return sign.grade is not Grade.WEAK


def _older(finding: Finding, begin: float) -> bool:
    accusing = finding.verdict in (Verdict.FAIL, Verdict.WARN)
    return accusing and finding.onset is not None and finding.onset < begin


def acts_from(moment: Moment, run: RunRecord) -> float:
    """Returns the environment step from which something can act.

    Infinity if it is known that it never could, NaN if it is not known whether.
    """
    if moment is Moment.FIRST_UPDATE:
        first = run.first_update_step()
        if first is not None:
            return first
        return math.inf if run.phases or run.outcome.critic_updates == 0 else math.nan
    if moment is Moment.FIRST_EVALUATION:
        steps = run.evaluations["step"].dropna()
        return float(steps.min()) if len(steps) else math.nan
    return 1.0


def _advice(cause: Cause) -> str:
    wanted = ", ".join(sign.check for sign in cause.supports)
    return cause.to_decide or f"record what these checks need: {wanted}"


def _linked(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Names in each cause the likely ones that bring it about, and that were there before it."""
    return [replace(item, follows=_sources(item, ranked)) for item in ranked]


def _sources(item: Ranked, ranked: Sequence[Ranked]) -> tuple[str, ...]:
    candidates = [o for o in ranked if _brings_about(o, item) and not o.cause.misleads]
    return tuple(
        other.cause.id
        for other in candidates
        if other.cause.id in item.cause.follows or _first(other, item)
    )


def _first(source: Ranked, item: Ranked) -> bool:
    """Tells whether a defect is known to have begun no later than a state that any may bring."""
    if source.onset is None or item.onset is None:
        return False
    return source.onset <= item.onset


def _below_their_causes(ranked: Sequence[Ranked], fact: float) -> list[Ranked]:
    """Moves each consequence right below the last likely cause that it follows from.

    Args:
        ranked: The first the likeliest.
        fact: Weight from which a sign is the cause itself; such a cause stays where it is.
    """
    ordered = list(ranked)
    for item in ranked:
        is_fact = any(evidence.weight >= fact for evidence in item.evidence)
        sources = [] if is_fact else [o for o in ordered if _brings_about(o, item)]
        place = max((ordered.index(other) for other in sources), default=-1)
        if place > ordered.index(item):
            ordered.remove(item)
            ordered.insert(place, item)
    return ordered


def _brings_about(source: Ranked, item: Ranked) -> bool:
    """Tells whether a likely cause may be what another one follows from."""
    if source is item or source.probability < LIKELY:
        return False
    if source.cause.id in item.cause.follows:
        return True
    if source.cause.misleads:
        return False
    is_state = ANY in item.cause.follows and ANY not in source.cause.follows
    return is_state and item.cause.id not in source.cause.follows


def _story(ranked: Sequence[Ranked]) -> tuple[str, ...]:
    likely = [item for item in ranked if item.probability >= LIKELY]
    timed = sorted(likely, key=lambda item: math.inf if item.onset is None else item.onset)
    return tuple(_line(item) for item in timed)


def _line(item: Ranked) -> str:
    since = "all along" if item.onset is None else f"from step {item.onset:,}"
    source = f"; it follows from {', '.join(item.follows)}" if item.follows else ""
    return f"{since}: {item.cause.title} ({item.cause.id}, {item.probability:.0%}){source}"
