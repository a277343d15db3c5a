"""The calls of critics that are modules of their own, as one call of the critic."""

from collections.abc import Sequence

import torch

from rca.wiring.call import Call
from rca.wiring.modules import TARGET


def joined(calls: Sequence[Call]) -> list[Call]:
    """Joins the calls of critics that are modules of their own and saw the same batch."""
    found: list[Call] = []
    for call in calls:
        other = next((c for c in reversed(found) if c.role == call.role), None)
        if other is None or call.role.removesuffix(TARGET) != "critic" or not _belong(other, call):
            found.append(call)
            continue
        heads = len(other.outputs)
        other.gradients.update({n + heads: part for n, part in call.gradients.items()})
        other.outputs += call.outputs
        other.roots |= call.roots
        if call.held is not None:  # the pass began at the one that saw none
            other.held = call.held and other.held is not False
        other.features |= call.features
    return found


def _belong(one: Call, other: Call) -> bool:
    """Tells whether two calls are those of different modules on the same input."""
    return bool(
        one.roots
        and other.roots
        and not one.roots & other.roots
        and (one.with_grad, one.through_actor) == (other.with_grad, other.through_actor)
        and one.inputs
        and other.inputs
        and torch.equal(one.inputs[0], other.inputs[0])
    )
