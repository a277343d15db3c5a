"""TOML configs beside a recording: declared values."""

import tomllib
from pathlib import Path

from rca.encoding import read_text
from rca.errors import EvidenceError
from rca.runs.declared import leaves_of
from rca.runs.part import Importer, Options, Part
from rca.yaml_file import MAX_BYTES


def recognises(path: Path) -> bool:
    """Tells by the suffix."""
    return path.suffix.lower() == ".toml"


def read(path: Path, options: Options) -> Part:
    """Returns the values as `file:their.key`.

    Raises:
        EvidenceError: Unreadable, too large, or not TOML; names file and line.
    """
    del options
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EvidenceError(f"{path}: larger than {MAX_BYTES:,} bytes; not a config")
        tree = tomllib.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path}: not valid TOML: {error}; mend or remove the file") from error
    return Part(source=path, config=leaves_of(path.name, tree))


IMPORTER = Importer("TOML config", recognises, read, is_config=True)
