"""Through which encoders each network is fed, and in what situation."""

from collections import Counter

from rca.wiring.call import Call
from rca.wiring.facts import Fed

ASIDE = "without gradients"
"""Situation of a call that no loss is computed from, and that chose no executed action."""


class Feeding:
    """Counts the calls of actor, critic and targets by situation and by encoder."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._calls: dict[str, Counter[str]] = {}
        self._encoders: dict[str, dict[str, Counter[str]]] = {}

    def note(self, call: Call, *, acting: bool = False) -> None:
        """Counts a call.

        Args:
            call: Of a network.
            acting: Whether it chose an executed action. Else one without gradients may be for a
                target, or an action of a trainer that does not tell of its steps.
        """
        if call.role == "critic":
            situation = f"{call.loss} loss" if call.with_grad else ASIDE
        elif call.role == "actor":
            situation = "acting" if acting else "learning" if call.with_grad else ASIDE
        else:
            situation = "target"
        encoders = self._encoders.setdefault(call.role, {}).setdefault(situation, Counter())
        encoders.update(sorted(call.features))
        self._calls.setdefault(call.role, Counter())[situation] += 1

    def facts(self) -> dict[str, dict[str, Fed]]:
        """Returns what was counted, by network and situation."""
        return {
            role: {
                situation: Fed(calls=calls, encoders=self._encoders[role][situation])
                for situation, calls in situations.items()
            }
            for role, situations in self._calls.items()
        }
