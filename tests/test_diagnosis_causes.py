"""The causes name checks and causes that exist."""

import re

import pytest

from rca.checking import builtin_checks, load_checks
from rca.diagnosis.cause import ANY, CAUSES, Cause, load_causes
from rca.errors import UsageError

CAUSES_BY_ID = {cause.id: cause for cause in load_causes()}
CHECKS = {item.id for item in load_checks([builtin_checks()])}


def named_checks(cause: Cause) -> set[str]:
    signs = (*cause.supports, *cause.contradicts, *cause.rules_out)
    return {sign.check for sign in signs} | set(cause.explains)


@pytest.mark.parametrize("cause_id", CAUSES_BY_ID)
def test_a_cause_names_checks_and_causes_that_exist(cause_id):
    cause = CAUSES_BY_ID[cause_id]
    assert named_checks(cause) <= CHECKS
    assert set(cause.follows) <= CAUSES_BY_ID.keys() | {ANY}
    assert cause.supports or cause.to_decide, "tell what would show it"


def test_a_cause_is_named_as_its_file():
    files = {path.stem for path in CAUSES.glob("[!_]*.py")}
    assert files == set(CAUSES_BY_ID)


def test_every_suspect_of_a_check_is_a_cause():
    quoted = re.compile(r"suspects\w*\s*=\s*\{?\(?([^)]*)\)|SUSPECTS = \(([^)]*)\)")
    named = {
        name
        for path in builtin_checks().glob("[!_]*.py")
        for groups in quoted.findall(path.read_text(encoding="utf-8"))
        for name in re.findall(r'"([a-z]+_[a-z_]+)"', "".join(groups))
    }
    assert "evaluation_disturbs_simulator" in named
    assert named - {"off_road"} <= CAUSES_BY_ID.keys()


def test_following_has_no_circle():
    def reaches(start: str, goal: str, seen: frozenset[str] = frozenset()) -> bool:
        follows = set(CAUSES_BY_ID[start].follows) - {ANY}
        return any(
            name == goal or (name not in seen and reaches(name, goal, seen | {name}))
            for name in follows
        )

    assert not [name for name in CAUSES_BY_ID if reaches(name, name)]


def test_two_causes_with_one_id_are_refused(tmp_path):
    text = (CAUSES / "no_net_force.py").read_text(encoding="utf-8")
    (tmp_path / "a.py").write_text(text)
    (tmp_path / "b.py").write_text(text.replace("Random throttle", "Any throttle"))
    with pytest.raises(UsageError, match="no_net_force"):
        load_causes(tmp_path)
