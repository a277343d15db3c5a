"""Whether the reward makes worth doing what it should."""

from collections.abc import Mapping

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import as_number
from rca.runs.record import RunRecord

SUSPECTS = {
    "standing still": ("idling_optimal", "idling_pays"),
    "collision": ("progress_outweighs_penalties", "collision_pays"),
    "backward": ("reward_wrong",),
    "nothing": ("reward_wrong", "reward_design"),
    "lane": ("penalty_too_large",),
}
"""Words of a promise and the causes that its breach speaks for."""


@check("reward.promises", title="What the reward pays for", severity=Severity.CRITICAL)
def promises(run: RunRecord) -> Finding:
    """Is driving worth more than standing, failing, reversing and crashing?

    Why: an agent does what pays; if standing still does, it learns that, and rightly so.
    Remedy: `rca probe reward` shows the sums per behaviour; change the weights until all hold.
    Reference: Ng, Harada and Russell 1999; the behaviours are lived through the run's own reward
        code before it starts (rca/envs/probe.py).
    """
    found = run.provenance.get("reward_promises")
    if not isinstance(found, Mapping) or not found:
        return Finding(Verdict.NOT_RUN, "not recorded: what behaviours are worth")
    margins = {str(text): as_number(margin) for text, margin in found.items()}
    broken = {text: margin for text, margin in margins.items() if not margin > 0}
    if not broken:
        least = min(margins, key=lambda text: margins[text])
        return Finding(
            Verdict.PASS, f"all {len(margins)} hold; least: {least}, by {margins[least]:.3g}"
        )
    listed = "; ".join(f"not so: {text} ({margin:.3g})" for text, margin in broken.items())
    suspects = tuple(
        cause
        for words, causes in SUSPECTS.items()
        if any(words in text for text in broken)
        for cause in causes
    )
    return Finding(Verdict.FAIL, listed, suspects=suspects)
