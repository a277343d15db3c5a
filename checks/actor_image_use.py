"""Whether the policy looks at the image."""

from rca.checking import Finding, check, fail_below
from rca.judging import too_early
from rca.runs.record import RunRecord


@check("actor.image_use", title="Image knock-out", needs=["actor/image_use"])
def image_use(run: RunRecord) -> Finding:
    """Does a black image change the actions?

    Why: a policy that acts alike without the image drives by the vector alone, and nothing about
        the encoder can help or harm it.
    Remedy: compare the scales of image features and vector at the first layer; knock out the
        vector instead and compare.
    Reference: signals.md, "image knock-out": about 0; limit 1e-3 of the half-range, the limit of
        action diversity (start); last fifth.
    """
    early = too_early(run)
    if early:
        return early
    late = run.signals["actor/image_use"].tail(0.2).median()
    message = f"a black image moves actions by {late:.2g} on average at the end"
    suspects = ("encoder_frozen", "observation_unscaled", "actor_saturated")
    return fail_below(late, 1e-3, message, unit="1", suspects=suspects)
