"""How often gradients are clipped."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_READINGS, vacuous
from rca.runs.record import RunRecord

LIMIT = 0.9


@check("gradients.clipped", title="Clip fraction", severity=Severity.MINOR)
def gradients_clipped(run: RunRecord) -> Finding:
    """Are gradients clipped now and then, rather than nearly always?

    Why: where every gradient is clipped, the clip is the step size, and Adam sees directions
        without lengths; norms logged after clipping then look healthy whatever happens.
    Remedy: lower the scale of rewards or the learning rate; raise the clip until it is rare.
    Reference: signals.md, "clip fraction": 0.9 (start).
    """
    flags = {n: s.finite() for n, s in run.signals.items() if n.endswith("/clipped")}
    shares = {n: float(np.mean(v > 0)) for n, v in flags.items() if len(v) >= MIN_READINGS}
    if not any(len(values) for values in flags.values()):
        return Finding(Verdict.NOT_RUN, "not recorded: any signal named .../clipped")
    if not shares:
        return vacuous(f"fewer than {MIN_READINGS} readings of each of {len(flags)} modules")
    worst = max(shares, key=lambda name: shares[name])
    listed = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    over = shares[worst] > LIMIT
    verdict = Verdict.FAIL if over else Verdict.PASS
    suspects = ("penalty_too_large",) if over else ()
    return Finding(verdict, listed, shares[worst], LIMIT, "1", suspects=suspects)
