"""What the agent saw before its episodes ended: recorded strips -> pictures, an ending a row."""

from collections.abc import Iterable, Sequence

from rca.report.model import Gallery, Picture, Shelf, Text
from rca.report.sides import Side
from rca.report.wording import number, plural
from rca.runs.record import RunRecord, Strip

MAX_BYTES = 300_000
"""Of all pictures of a report, some 60 of our worlds'; a third more in HTML, which stays below 3 MB
with its curves."""
MAX_ENDINGS = 8
"""A recording can name any number of endings."""
FRAME = 86
"""CSS pixels per frame: small frames are enlarged, all alike."""
CAPTION = (
    "Camera frames as the agent saw them (those above 84 pixels shrunk), the oldest at the left, "
    "the last from the step that ended the episode. Of each ending and phase the first "
    "episode in each quarter of a run is kept; shown are the first before learning and the last."
)
NONE = (
    "No camera frames are kept: recordings from elsewhere have none, nor have our runs in which "
    "no episode ended or which an older version made."
)


def camera(sides: Sequence[Side]) -> Gallery | Text:
    """Returns the strips by ending, the most frequent ending first."""
    shelves: list[Shelf] = []
    left, dropped = MAX_BYTES, 0
    for reason in _endings(sides):
        pictures = []
        for index, side in enumerate(sides):
            for run, strip in _chosen(side, reason):
                left -= len(strip.png)
                dropped += left < 0
                if left >= 0:
                    pictures.append(_picture(index, side, run, strip))
        if pictures:
            shelves.append(Shelf(_title(reason, sides), tuple(pictures)))
    if not shelves:
        return Text((NONE,))
    note = f" {plural(dropped, 'strip')} left out to keep the file small." if dropped else ""
    return Gallery("camera", tuple(side.name for side in sides), tuple(shelves), CAPTION + note)


def _endings(sides: Sequence[Side]) -> list[str]:
    """Returns the endings with strips, the most frequent over all sides first."""
    reasons = {strip.end_reason for _, strip in _strips(sides)}
    count = {reason: sum(_share(side, reason) for side in sides) for reason in reasons}
    return sorted(reasons, key=lambda reason: (-count[reason], reason))[:MAX_ENDINGS]


def _strips(sides: Iterable[Side]) -> list[tuple[RunRecord, Strip]]:
    return [(run, strip) for side in sides for run in side.records for strip in run.strips]


def _share(side: Side, reason: str) -> float:
    """Returns the share of a side's episodes that ended so, over all seeds."""
    ends = [end for record in side.records for end in record.episodes["end_reason"]]
    return sum(end == reason for end in ends) / len(ends) if ends else 0.0


def _chosen(side: Side, reason: str) -> list[tuple[RunRecord, Strip]]:
    """Returns the earliest strip before learning, and the latest while learning."""
    found = [pair for pair in _strips([side]) if pair[1].end_reason == reason]
    random = [pair for pair in found if pair[1].phase == "random"]
    learning = [pair for pair in found if pair[1].phase != "random"]
    first = [min(random, key=lambda pair: pair[1].step)] if random else []
    last = [max(learning, key=lambda pair: pair[1].step)] if learning else []
    return first + last


def _title(reason: str, sides: Sequence[Side]) -> str:
    shares = [f"{side.name} {number(_share(side, reason), '%')}" for side in sides]
    shown = shares[0].removeprefix("run ") if len(sides) == 1 else ", ".join(shares)
    return f"{reason.replace('_', ' ').capitalize()}: {shown} of the episodes"


def _picture(index: int, side: Side, run: RunRecord, strip: Strip) -> Picture:
    phase = "before learning" if strip.phase == "random" else "while learning"
    caption = f"step {strip.step:,}, {phase}; episode of {plural(strip.length, 'step')}"
    if len(side.records) > 1:
        caption += f"; {run.id}"
    spans = strip.every * (strip.frames - 1)
    what = f"{plural(strip.frames, 'camera frame')} over the last {plural(spans + 1, 'step')}"
    reason = strip.end_reason.replace("_", " ")
    alt = f"{side.name}: {what} before the episode that ended at {caption} ended by {reason}."
    return Picture(index, caption, alt, strip.png, FRAME * strip.frames)
