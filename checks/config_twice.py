"""Whether a setting is declared more than once."""

from collections import defaultdict

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import vacuous
from rca.runs.record import RunRecord


@check("config.twice", title="Settings declared twice", severity=Severity.MINOR)
def declared_twice(run: RunRecord) -> Finding:
    """Does every setting have one value, and one spelling?

    Why: of two values for one setting only one is in force, and of two spellings only one is
        read; the other is believed.
    Remedy: keep one file and one key; refuse unknown keys when loading.
    Reference: signals.md, "config reachability"; defects D05 and D13 of the recorded runs.
    """
    spellings = _spellings(run)
    if not spellings:
        return Finding(Verdict.NOT_RUN, "not recorded: any configuration")
    odd = {name: keys for name, keys in spellings.items() if _spelt(keys) > 1}
    differing = {name: keys for name, keys in spellings.items() if _values(keys) > 1}
    message = f"{len(differing)} of {len(spellings)} settings have several values"
    if odd:
        listed = "; ".join(
            ", ".join(f"{key} = {value}" for key, value in sorted(keys.items()))
            for keys in list(odd.values())[:2]
        )
        message = f"{len(odd)} settings are spelt in two ways: {listed}; {message}"
        suspects = ("penalty_misspelt", "config_not_read")
        return Finding(Verdict.FAIL, message, len(odd), 0, suspects=suspects)
    if differing:
        listed = ", ".join(
            f"{key} = {value}" for key, value in next(iter(differing.values())).items()
        )
        return Finding(Verdict.WARN, f"{message}: {listed}", len(differing), 0)
    if run.provenance.get("unreadable"):
        return vacuous(f"{message}, but not all files could be read")
    return Finding(Verdict.PASS, message, 0, 0)


def _spellings(run: RunRecord) -> dict[str, dict[str, object]]:
    """Returns declared values by section and name without underscores, across files."""
    found: dict[str, dict[str, object]] = defaultdict(dict)
    for key, value in run.config.items():
        path = key.rpartition(":")[2]
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[path.replace("_", "").lower()][key] = value
    return found


def _spelt(keys: dict[str, object]) -> int:
    return len({key.rpartition(":")[2] for key in keys})


def _values(keys: dict[str, object]) -> int:
    return len(set(keys.values()))
