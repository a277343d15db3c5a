"""Config files and code -> findings, each with the line it is about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rca.audit.code import Code, read_code
from rca.audit.consequences import Consequence, consequences
from rca.audit.rules import RULES, Rule
from rca.audit.settings import Setting, Settings, read_settings
from rca.audit.usage import Absent, Usage, Use, absent, place, usages
from rca.checking import Check, Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.config import RunConfig, load_config
from rca.errors import UsageError
from rca.runs.declared import declared
from rca.runs.record import Outcome, RunRecord, empty_episodes, empty_evaluations

SEED = ("seed.config_batch_size", "seed.config_exploration_noise",
        "seed.config_learning_rates", "seed.config_learning_starts")  # fmt: skip
"""Checks of the seed's checklist that look at settings alone."""
LEADS = {
    "seed.config_batch_size": ("agent.batch_size",),
    "seed.config_exploration_noise": ("agent.exploration_noise",),
    "seed.config_learning_rates": ("agent.critic_encoder_lr", "agent.critic_lr"),
    "seed.config_learning_starts": ("agent.learning_starts",),
}
"""The settings whose line is shown beside each, the first that is declared."""
Answer = tuple[Rule | Check, Finding]


@dataclass(frozen=True)
class Audit:
    """What was found about some config files.

    Attributes:
        files: Audited.
        settings: Number of declared values.
        code: Number of Python files looked through; 0 without code.
        answers: Rules and checks, each with one or more findings.
    """

    files: tuple[Path, ...]
    settings: int
    code: int
    answers: tuple[Answer, ...]


def audit(files: Sequence[Path], folder: Path | None = None) -> Audit:
    """Returns what is wrong with config files, and with what code makes of them.

    Args:
        files: YAML, JSON or TOML; read together, as one run's.
        folder: Python code that reads them; parsed, never imported. None: not looked at.

    Raises:
        UsageError: A file or the folder cannot be read.
    """
    read = [read_settings(path) for path in files]
    leaves = [item for settings in read for item in settings.leaves]
    code = None if folder is None else read_code(folder)
    used = [] if code is None else usages(leaves, code.found)
    findings = [*_hidden(read), *_twice(leaves), *_code(leaves, code, used)]
    values, lines = _in_our_words(files, leaves)
    findings += [_placed(_finding(item), [item.key], lines) for item in consequences(values)]
    answers: list[Answer] = [(RULES[finding.check], finding) for finding in findings]
    answers += _seed(values, lines, used)
    return Audit(tuple(files), len(leaves), code.files if code else 0, tuple(answers))


def _hidden(read: Sequence[Settings]) -> list[Finding]:
    found = [
        Finding(
            Verdict.FAIL,
            f"{'.'.join(item.key)} stands at lines {item.line} and {item.hidden_by}; the first "
            "has no effect",
            check="audit.hidden_key",
            file=str(item.file),
            line=item.line,
            suspects=("config_not_read",),
        )
        for settings in read
        for item in settings.hidden
    ]
    count = sum(len(settings.leaves) for settings in read)
    return found or [_passed("audit.hidden_key", f"{count} settings, no key twice in a section")]


def _twice(leaves: Sequence[Setting]) -> list[Finding]:
    """Returns settings of two spellings as FAIL, of several values as WARN."""
    groups: dict[str, list[Setting]] = defaultdict(list)
    for item in leaves:
        groups["\0".join(item.key).replace("_", "").replace("-", "").lower()].append(item)
    found = [_repeated(group) for group in (*groups.values(), *_same_meaning(leaves))]
    seen = {f.message: f for f in found if f is not None}
    count = f"{len(groups)} settings, each in one place"
    return list(seen.values()) or [_passed("audit.twice", count)]


def _same_meaning(leaves: Sequence[Setting]) -> list[list[Setting]]:
    """Returns places that set one thing under keys that end alike, as `cnn.learning_rate`."""
    by_place = {f"{item.file.name}:{item.dotted}": item for item in leaves}
    known = declared({name: item.value for name, item in by_place.items()})
    return [
        [by_place[known.origin[ours]], *(by_place[name] for name in others)]
        for ours, others in known.others.items()
    ]


def _repeated(group: Sequence[Setting]) -> Finding | None:
    spellings = {item.dotted for item in group}
    values = {repr(item.value) for item in group}
    letters = {name.replace("_", "").replace("-", "").lower() for name in spellings}
    misspelt = len(spellings) > 1 and len(letters) == 1
    if len(group) < 2 or (len(values) < 2 and not misspelt):
        return None
    listed = ", ".join(f"{i.dotted} = {i.value!r} ({i.file.name}:{i.line})" for i in group[:4])
    what = "one name in two spellings" if misspelt else f"{len(values)} values"
    return Finding(
        Verdict.FAIL if misspelt else Verdict.WARN,
        f"{what}: {listed}",
        len(spellings if misspelt else values),
        1,
        check="audit.twice",
        file=str(group[0].file),
        line=group[0].line,
        suspects=("penalty_misspelt", "config_not_read") if misspelt else (),
    )


def _code(leaves: Sequence[Setting], code: Code | None, used: Sequence[Usage]) -> list[Finding]:
    rules = ("audit.never_read", "audit.dropped", "audit.read_absent", "audit.code")
    if code is None:
        return [Finding(Verdict.NOT_RUN, "no code given; --code DIR", check=rule) for rule in rules]
    unread = [item.setting for item in used if item.use is Use.NEVER]
    missing = absent(leaves, code.found, unread)
    return [
        *(_never(used, code, missing) or [_all_read(used, code)]),
        *(_dropped(used) or [_passed("audit.dropped", f"{len(used)} settings, none is dropped")]),
        *(_absent(missing) or [_passed("audit.read_absent", f"{len(leaves)} settings, no other")]),
        *(_unparsed(code) or [_passed("audit.code", f"{code.files} files parsed")]),
    ]


def _never(used: Sequence[Usage], code: Code, missing: Sequence[Absent]) -> list[Finding]:
    instead = {item.meant: item for item in missing if item.meant is not None}
    found = []
    for item in (usage.setting for usage in used if usage.use is Use.NEVER):
        message = f"{item.dotted} = {item.value!r} is read nowhere in {code.files} files"
        if item in instead:
            read = instead[item]
            message += f"; {place(read.read)} reads {read.dotted}, default {read.read.default}"
        suspects = ("config_not_read", *(("penalty_misspelt",) if item in instead else ()))
        found.append(_at(item, "audit.never_read", message, suspects))
    return found


def _all_read(used: Sequence[Usage], code: Code) -> Finding:
    """Returns PASS if every setting is certainly read, VACUOUS if of some nothing can be told."""
    unsure = [item for item in used if item.use is Use.UNCERTAIN]
    message = f"{len(used) - len(unsure)} of {len(used)} settings are read in {code.files} files"
    if not unsure:
        return _passed("audit.never_read", message)
    first = unsure[0]
    message += f"; {len(unsure)} cannot be told, as {first.setting.dotted}: {first.reason}"
    return Finding(Verdict.VACUOUS, message, check="audit.never_read")


def _dropped(used: Sequence[Usage]) -> list[Finding]:
    return [
        _at(
            item.setting,
            "audit.dropped",
            f"{item.setting.dotted} = {item.setting.value!r} goes to {item.reason}; nothing uses "
            "that, 0 reads",
            ("config_not_read",),
        )
        for item in used
        if item.use is Use.DROPPED
    ]


def _absent(missing: Iterable[Absent]) -> list[Finding]:
    found = []
    for item in missing:
        fails = item.read.default is None
        taken = "it fails" if fails else f"{item.read.default} is taken"
        like = f"; {item.meant.dotted} is spelt like it" if item.meant else ""
        found.append(
            Finding(
                Verdict.FAIL if fails or item.meant else Verdict.WARN,
                f"{item.dotted} is read at {place(item.read)} and declared nowhere: {taken}{like}",
                check="audit.read_absent",
                file=str(item.read.file),
                line=item.read.line,
                suspects=("penalty_misspelt", "config_not_read") if item.meant else (),
            )
        )
    return found


def _unparsed(code: Code) -> list[Finding]:
    return [Finding(Verdict.WARN, problem, check="audit.code") for problem in code.problems]


def _at(item: Setting, rule: str, message: str, suspects: tuple[str, ...] = ()) -> Finding:
    return Finding(
        Verdict.FAIL,
        message,
        check=rule,
        file=str(item.file),
        line=item.line,
        suspects=suspects,
    )


def _passed(rule: str, message: str) -> Finding:
    return Finding(Verdict.PASS, message, check=rule)


def _in_our_words(
    files: Sequence[Path], leaves: Sequence[Setting]
) -> tuple[Mapping[str, object], Mapping[str, Setting]]:
    """Returns values by our dotted key, and the settings that declare them.

    A config of ours is effective: what it leaves out has its default.
    """
    by_place = {f"{item.file.name}:{item.dotted}": item for item in leaves}
    if len(files) == 1 and {item.key[0] for item in leaves} <= RunConfig.model_fields.keys():
        try:
            effective = load_config(str(files[0])).flat()
            return effective, {item.dotted: item for item in leaves}
        except UsageError:
            pass  # sections named like ours in somebody else's config
    known = declared({name: item.value for name, item in by_place.items()})
    return known.config, {ours: by_place[name] for ours, name in known.origin.items()}


def _finding(item: Consequence) -> Finding:
    return Finding(item.verdict, item.message, item.value, item.limit, item.unit, check=item.rule)


def _placed(finding: Finding, keys: Iterable[str], lines: Mapping[str, Setting]) -> Finding:
    """Returns a finding with the place of the first of some keys that is declared."""
    item = next((lines[key] for key in keys if key in lines), None)
    return finding if item is None else replace(finding, file=str(item.file), line=item.line)


def _seed(
    values: Mapping[str, object], lines: Mapping[str, Setting], used: Sequence[Usage]
) -> list[Answer]:
    """Returns the seed's checklist on the values; one that no code reads is not in force."""
    checks = [item for item in load_checks([builtin_checks()]) if item.id in SEED]
    record = RunRecord(
        "config", "recording", values, {}, Outcome(), (), {}, empty_episodes(), empty_evaluations()
    )
    dead = {item.setting for item in used if item.use in (Use.NEVER, Use.DROPPED)}
    answers: list[Answer] = []
    for check, finding in zip(checks, run_checks(checks, record), strict=True):
        idle = [key for key in LEADS[check.id] if lines.get(key) in dead]
        if idle:
            message = f"{finding.message}; but {lines[idle[0]].dotted} has no effect"
            finding = replace(finding, verdict=Verdict.VACUOUS, message=message)
        answers.append((check, _placed(finding, LEADS[check.id], lines)))
    return answers
