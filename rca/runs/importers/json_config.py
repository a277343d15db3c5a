"""JSON configs beside a recording (config.json, args.json, ...): declared values."""

from pathlib import Path

from rca.errors import EvidenceError
from rca.runs.declared import declared, leaves_of
from rca.runs.json_file import RESULT_KEYS, read_json
from rca.runs.part import Importer, Options, Part
from rca.yaml_file import MAX_BYTES

NAMES = ("config", "args", "arguments", "hyperparameters", "hparams", "params")
FEWEST = 3
"""Known settings that a file of another name must declare; any JSON may hold a `seed`."""


def recognises(path: Path) -> bool:
    """Tells by the name, or by several settings that are known by their keys."""
    if path.suffix.lower() != ".json" or path.stat().st_size > MAX_BYTES:
        return False
    if path.stem.lower() in NAMES:
        return True
    try:
        tree = read_json(path)
    except EvidenceError:
        return False
    if not isinstance(tree, dict) or any(key in tree for key in RESULT_KEYS):
        return False
    return len(declared(leaves_of(path.name, tree)).origin) >= FEWEST


def read(path: Path, options: Options) -> Part:
    """Returns the values as `file:their.key`.

    Raises:
        EvidenceError: Not a JSON object; names file and line.
    """
    del options
    tree = read_json(path)
    if not isinstance(tree, dict):
        raise EvidenceError(f"{path}: expected an object of settings; mend or remove the file")
    return Part(source=path, config=leaves_of(path.name, tree))


IMPORTER = Importer("JSON config", recognises, read, is_config=True)
