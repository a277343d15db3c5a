"""Whether signals turn NaN or infinite."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord, Signal

LASTING = 3
"""NaN readings at the end of a signal; single ones mean that a quantity was not due."""


@check("signals.finite", title="Finite signals", severity=Severity.CRITICAL)
def signals_finite(run: RunRecord) -> Finding:
    """Do all signals stay finite?

    Why: one NaN in a loss makes every weight NaN at the next step.
    Remedy: stop at the first one; look at what the signals did just before it.
    Reference: signals.md, "gradient norm": NaN or infinity, any.
    """
    measured = [signal for signal in run.signals.values() if len(signal.finite())]
    if not measured:
        return Finding(Verdict.NOT_RUN, "not recorded: any finite signal")
    broken = {signal.name: at for signal in measured if (at := _breaks(signal)) is not None}
    if not broken:
        return Finding(Verdict.PASS, f"{len(measured)} signals are finite", value=0, limit=0)
    onset = min(broken.values())
    listed = ", ".join(f"{name} from step {at:,}" for name, at in list(broken.items())[:4])
    message = f"{len(broken)} of {len(measured)} signals turn NaN or infinite: {listed}"
    suspects = ("critic_diverged",)
    return Finding(Verdict.FAIL, message, len(broken), 0, "signals", onset=onset, suspects=suspects)


def _breaks(signal: Signal) -> int | None:
    """Returns the step from which a signal is infinite or NaN for good."""
    infinite = np.flatnonzero(np.isinf(signal.values))
    last = int(np.flatnonzero(np.isfinite(signal.values))[-1])
    gone = last + 1 if len(signal) - 1 - last >= LASTING else None
    first = min([*infinite[:1].tolist(), *([] if gone is None else [gone])], default=None)
    return None if first is None else int(signal.steps[first])
