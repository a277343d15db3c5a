"""Whether evaluations rise."""

from rca.checking import Finding, Verdict, check
from rca.judging import column, too_few, vacuous, void
from rca.runs.record import RunRecord
from rca.stats import trend_p

MIN_EVALUATIONS = 5
"""5 in a row can rise by chance once in 120; with 4 (once in 24) nothing could be shown at 5%."""


@check(
    "evaluation.improves",
    title="Evaluations rise",
    needs=["evaluations.mean_return", "evaluations.step", "phases"],
)
def evaluation_improves(run: RunRecord) -> Finding:
    """Do evaluations without exploration noise rise while learning?

    Why: they measure the policy itself, where training returns mix it with noise.
    Remedy: see what other findings say began with the first update.
    Reference: Kendall's tau against time at 5%, evaluations after update 1; WARN where no trend
        shows.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    table = column(run.evaluations, "step", "mean_return")
    after = table[table[:, 0] >= (run.first_update_step() or 0)]
    late = run.config.get("budget.eval_from", 0)
    if isinstance(late, int) and late > (run.first_update_step() or 0):
        return vacuous(f"evaluated from step {late:,} on, when learning was under way")
    few = too_few(len(after), MIN_EVALUATIONS, "evaluations after the first update")
    if few:
        return few
    values = after[:, 1]
    p = trend_p(values)
    message = (
        f"mean return {values[0]:,.4g} at step {after[0, 0]:,.0f}, {values[-1]:,.4g} at step "
        f"{after[-1, 0]:,.0f}, {len(values)} evaluations"
    )
    if p < 0.05:
        return Finding(Verdict.PASS, f"{message}; rising (p {p:.2g})", p, 0.05, "p")
    return Finding(Verdict.WARN, f"{message}; no rise", limit=0.05, unit="p")
