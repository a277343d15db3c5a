"""The alarms cannot go off."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="alerts_cannot_fire",
    title="The alarms cannot go off",
    mechanism=(
        "Thresholds lie far above the norms that clipping leaves, so the silence of the "
        "alarms means nothing."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(Sign("alerts.can_fire", Grade.PROOF),),
    contradicts=(passes("alerts.can_fire", Grade.PROOF),),
    to_decide="Log the alarms as 0 or 1 per update.",
    misleads=True,
    change="Plant a gradient explosion and see whether an alarm goes off.",
    remedy="Measure before clipping; test each alarm with a planted fault.",
    references=("defect D21",),
)
