"""A benchmark's case: a recording with known truth, and what was said of it."""

from dataclasses import dataclass

ACCUSED = 0.5
"""Probability from which a cause counts as accused: more likely than not."""


@dataclass(frozen=True)
class Case:
    """A recording with known truth, and what was said of it.

    Attributes:
        name: Of the run.
        fault: Planted, "" in a healthy run.
        truth: Causes of which any one is a right answer; empty in a healthy run.
        ranking: Causes with their probability, the first the likeliest.
        outcome: Mean distance of the last evaluation, metres; NaN: none.
        error: Why it could not be run or read, else "".
        seed: Of the run.
        delay: Steps from the fault's first effect until the record accuses its cause; NaN: never.
        rival: What RLDebugger's rules say of the same recording.
        by_settings: What its settings say that differ from the plain preset's.
        start: Mean distance of the evaluation before the first update, metres; NaN: none.
        silent: Checks that the fault names and that accuse nothing in this run.
        in_settings: Whether the recorded settings show the fault.
        weights: Digest of the last weights; runs with the same one learned the same.
        warm_up: Mean distance of the training episodes before the first update, metres.
        unseen: Whether the fault was written by who had not read the checks.
        follows: Causes that are said to follow from others that are likely in this run.
        watched: The ranking without what our own trainer alone can be asked.
    """

    name: str
    fault: str
    truth: tuple[str, ...]
    ranking: tuple[tuple[str, float], ...]
    outcome: float = float("nan")
    error: str = ""
    seed: int = 0
    delay: float = float("nan")
    rival: tuple[tuple[str, float], ...] = ()
    by_settings: tuple[tuple[str, float], ...] = ()
    start: float = float("nan")
    silent: tuple[str, ...] = ()
    in_settings: bool = False
    weights: str = ""
    warm_up: float = float("nan")
    unseen: bool = False
    follows: tuple[str, ...] = ()
    watched: tuple[tuple[str, float], ...] = ()

    @property
    def group(self) -> str:
        """The fault, or the healthy configuration: the name without its seed."""
        return self.name.rsplit("-", 1)[0]

    @property
    def likely(self) -> list[str]:
        """Causes that are stated as more likely than not."""
        return [cause for cause, probability in self.ranking if probability >= ACCUSED]

    @property
    def accused(self) -> list[str]:
        """Those of them that are not excused, as following from another.

        The excuse counts beside a right cause alone: what follows from a wrong one is wrong too.
        """
        is_excused = any(cause in self.truth for cause in self.likely)
        return [c for c in self.likely if c in self.truth or not (is_excused and c in self.follows)]

    @property
    def rank(self) -> int | None:
        """The place of the first right cause, from 1; None if it is not named."""
        places = [n for n, (cause, _) in enumerate(self.ranking, 1) if cause in self.truth]
        return places[0] if places else None
