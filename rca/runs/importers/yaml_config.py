"""YAML configs beside a recording: declared values."""

from pathlib import Path

from rca.errors import EvidenceError, UsageError
from rca.runs.declared import leaves_of
from rca.runs.part import Importer, Options, Part
from rca.yaml_file import read_yaml


def recognises(path: Path) -> bool:
    """Tells by the suffix."""
    return path.suffix.lower() in (".yaml", ".yml")


def read(path: Path, options: Options) -> Part:
    """Returns the values as `file:their.key`.

    Raises:
        EvidenceError: Not a YAML mapping; names file and line.
    """
    del options
    try:
        return Part(source=path, config=leaves_of(path.name, read_yaml(path)))
    except UsageError as error:  # a broken config beside a recording is broken evidence
        raise EvidenceError(str(error)) from error


IMPORTER = Importer("YAML config", recognises, read, is_config=True)
