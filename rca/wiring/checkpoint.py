"""What a checkpoint lacks of the weights of its moment, told by digests of their bytes."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from rca.errors import EvidenceError
from rca.wiring.facts import CheckpointFacts
from rca.wiring.modules import Agent, Role

FOREIGN = re.compile(r"GLOBAL ([\w.]+)")
"""What torch says of an object that it does not make while it reads weights alone."""


def compare(content: Path | str | Mapping[str, object], agent: Agent) -> CheckpointFacts:
    """Compares a checkpoint, a file or its mapping, with the weights as they are now.

    Raises:
        EvidenceError: The file cannot be read without unpickling foreign objects.
    """
    name = "given mapping"
    if not isinstance(content, Mapping):
        name, content = Path(content).name, _loaded(Path(content))
    stored = {_digest(tensor) for tensor in _nested_tensors(content)}
    absent = {
        role.name: missing
        for role in agent.roles.values()
        if (missing := sum(digest not in stored for digest in digests(role).values()))
    }
    return CheckpointFacts(name=name, absent=absent, optimizer_states=_optimizer_states(content))


def digests(role: Role) -> dict[str, bytes]:
    """Returns a digest of each parameter's bytes, by name."""
    return {name: _digest(parameter) for name, parameter in role.parameters.items()}


def _digest(tensor: torch.Tensor) -> bytes:
    plain = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    return hashlib.blake2b(plain.tobytes(), digest_size=16).digest()


def _nested_tensors(value: object, depth: int = 0) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.numel():
            yield value
    elif depth < 8 and isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _nested_tensors(item, depth + 1)


def _optimizer_states(value: object, depth: int = 0) -> int:
    """Returns how many state dicts of optimizers are in a checkpoint."""
    if depth >= 8 or not isinstance(value, Mapping | list | tuple):
        return 0
    if isinstance(value, Mapping):
        if "param_groups" in value and "state" in value:
            return 1
        value = list(value.values())
    return sum(_optimizer_states(item, depth + 1) for item in value)


def _loaded(path: Path) -> Mapping[str, object]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise EvidenceError(
            f"{path}: not readable as a checkpoint of weights: {_reason(error)}; "
            "hand over the mapping itself"
        ) from error
    return content if isinstance(content, Mapping) else {"content": content}


def _reason(error: Exception) -> str:
    """Returns in a few words why torch did not read a file."""
    foreign = FOREIGN.search(str(error))
    if foreign:
        return f"it holds {foreign[1]}, and reading that may run code"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
