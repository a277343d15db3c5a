"""The seed's checklist: CNN diagnostics."""

from rca.checking import Finding, Verdict, check
from rca.judging import Criterion, judge_criteria, vacuous, void
from rca.runs.record import RunRecord

ENCODERS = ("actor_encoder", "critic_encoder")
FROZEN = 1e-6
"""Below it signals.md calls an update frozen."""


@check("seed.cnn_diagnostics", title="Seed: CNN diagnostics", needs=["phases"], driving=True)
def cnn_diagnostics(run: RunRecord) -> Finding:
    """Do the CNNs' weights change, and go on changing until the end?

    Why: the seed's item "features evolving, weights changing".
    Remedy: record `actor_encoder/drift` and `critic_encoder/drift` (our trainer does); if they
        stand at 0, find out why no optimizer holds the encoder.
    Reference: seed.md, "Verification Checklist"; formula: signals.md, "drift from start". Evolving:
        the drift of the last tenth of the run still differs from that of the tenth before.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    criteria = [item for part in ENCODERS for item in _evolving(run, part)]
    if not criteria:
        return Finding(Verdict.NOT_RUN, "not recorded: drift of an encoder")
    return judge_criteria(criteria, suspects=("encoder_frozen",))


def _evolving(run: RunRecord, part: str) -> list[Criterion]:
    signal = next(
        (run.signals[n] for n in (f"{part}/drift", f"{part}/param_std") if run.has(n)), None
    )
    if signal is None or len(signal.finite()) < 2:
        return []
    values = signal.finite()
    tenth = max(1, len(values) // 10)
    start, before, last = values[0], values[-1 - tenth], values[-1]
    reference = 1.0 if signal.name.endswith("drift") else max(abs(float(start)), 1e-12)
    moved = float(abs(last - start)) / reference
    late = float(abs(last - before)) / reference
    text = f"{signal.name} from {start:.3g} to {last:.3g}"
    return [
        Criterion(f"{text}: weights changed by {moved:.3g}", max(moved, float(last)) > FROZEN),
        Criterion(f"{part} changed by {late:.3g} over the last tenth", late > FROZEN),
    ]
