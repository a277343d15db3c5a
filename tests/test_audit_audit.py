"""The audit as a whole: planted defects come out with their line; a clean project passes."""

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.audit.audit import audit
from rca.audit.rules import RULES
from rca.checking import Verdict
from rca.errors import RcaError

CLEAN = """\
agent:
  learning_starts: 50
  exploration_noise: 0.1
"""
CODE = """\
import yaml
agent = yaml.safe_load(open("c.yaml"))["agent"]
print(agent["learning_starts"], agent["exploration_noise"])
"""
CASES = Path(__file__).parents[2] / "shared" / "cases"


def audited(tmp_path, config, code=CODE, name="c.yaml"):
    (tmp_path / name).write_text(config)
    (tmp_path / "src").mkdir(exist_ok=True)
    (tmp_path / "src" / "train.py").write_text(code)
    return audit([tmp_path / name], tmp_path / "src").answers


def of(answers, rule):
    return [finding for asked, finding in answers if asked.id == rule]


CODE_RULES = ("audit.hidden_key", "audit.twice", "audit.never_read", "audit.dropped",
              "audit.read_absent", "audit.code")  # fmt: skip


@pytest.mark.parametrize("rule", CODE_RULES)
def test_a_clean_project_passes(tmp_path, rule):
    (finding,) = of(audited(tmp_path, CLEAN), rule)
    assert finding.verdict is Verdict.PASS, finding.message


@pytest.mark.parametrize(
    ("rule", "config", "code", "line", "verdict"),
    [
        ("audit.hidden_key", CLEAN + "  learning_starts: 9\n", CODE, 2, "FAIL"),
        ("audit.twice", CLEAN + "  learningstarts: 50\n", CODE, 2, "FAIL"),
        ("audit.twice", CLEAN + "algo:\n  learning_starts: 9\n", CODE, 2, "WARN"),
        ("audit.never_read", CLEAN + "  tau: 0.01\n", CODE, 4, "FAIL"),
        ("audit.never_read", CLEAN + "  layers: [256, 256]\n", CODE, 4, "FAIL"),
        ("audit.dropped", CLEAN + "  tau: 0.01\n", CODE + "tau = agent['tau']\n", 4, "FAIL"),
        ("audit.read_absent", CLEAN, CODE + "print(agent['tau'])\n", 4, "FAIL"),
        ("audit.read_absent", CLEAN, CODE + "print(agent.get('tau', 1))\n", 4, "WARN"),
    ],
)
def test_a_planted_defect_is_found_at_its_line(tmp_path, rule, config, code, line, verdict):
    (finding,) = of(audited(tmp_path, config, code), rule)
    assert (finding.verdict, finding.line) == (Verdict(verdict), line), finding.message


names = st.one_of(st.sampled_from(["agent", "tau", "batch_size", "a-b", "42"]), st.text(max_size=4))
trees = st.dictionaries(
    names,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)
        ),
        max_leaves=10,
    ),
    max_size=4,
)
reads = st.sampled_from(["['tau']", ".get('tau', [])", ".get('agent', {}).get(k)", ".pop('a-b')"])


@settings(max_examples=40, deadline=None)
@given(trees, st.lists(reads, max_size=3))
def test_any_config_and_code_are_answered_or_refused_in_a_line(tree, code):
    with tempfile.TemporaryDirectory() as scratch:
        lines = [CODE, *(f"print(config{read})\n" for read in code)]
        line, answers = "a line", []
        try:
            answers = audited(Path(scratch), yaml.safe_dump(tree), "".join(lines))
        except RcaError as error:
            line = str(error)
    assert "\n" not in line
    assert all(finding.verdict is not Verdict.ERROR for _, finding in answers)


def test_a_file_that_cannot_be_parsed_is_a_warning(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "old.py").write_text("print 1")
    (finding,) = of(audited(tmp_path, CLEAN), "audit.code")
    assert finding.verdict is Verdict.WARN
    assert "old.py" in finding.message


def test_a_misspelt_penalty_accuses_the_right_cause(tmp_path):
    config = "reward:\n  off_road_penalty: -100\n"
    code = "def f(reward):\n    return reward.get('offroad_penalty', -500)\n"
    answers = audited(tmp_path, config, code)
    (dead,), (absent,) = of(answers, "audit.never_read"), of(answers, "audit.read_absent")
    assert "penalty_misspelt" in dead.suspects
    assert "train.py:2 reads offroad_penalty, default -500" in dead.message
    assert "off_road_penalty is spelt like it" in absent.message


def test_the_seed_s_checklist_does_not_trust_a_setting_that_nobody_reads(tmp_path):
    rule = "seed.config_exploration_noise"
    (read,) = of(audited(tmp_path, CLEAN), rule)
    (unread,) = of(audited(tmp_path, CLEAN, CODE.replace("exploration_noise", "x")), rule)
    assert (read.verdict, read.line) == (Verdict.PASS, 3)
    assert unread.verdict is Verdict.VACUOUS
    assert "agent.exploration_noise has no effect" in unread.message


def test_our_own_config_counts_with_its_defaults(tmp_path):
    answers = audited(tmp_path, "agent: {learning_starts: 25000}\nbudget: {steps: 30000}\n")
    (memory,) = of(answers, "audit.replay_memory")
    assert memory.value > 0
    (share,) = of(answers, "audit.random_share")
    assert share.verdict is Verdict.FAIL


def test_without_code_what_needs_it_is_not_run(tmp_path):
    (tmp_path / "c.yaml").write_text(CLEAN)
    answers = audit([tmp_path / "c.yaml"]).answers
    assert {f.verdict for r in CODE_RULES[2:] for f in of(answers, r)} == {Verdict.NOT_RUN}


def test_every_rule_is_answered_and_every_answer_has_a_number(tmp_path):
    answers = audited(tmp_path, CLEAN)
    assert RULES.keys() <= {asked.id for asked, _ in answers}
    assert all(any(c.isdigit() for c in f.message) or "declared" in f.message for _, f in answers)


@pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is absent")
def test_the_recorded_project_s_misspelt_penalty_is_found():
    folder = CASES / "c03-seed-30k-minus52k" / "config"
    answers = audit(sorted(folder.glob("*.yaml"))).answers
    (misspelt,) = [f for f in of(answers, "audit.twice") if f.verdict is Verdict.FAIL]
    assert "off_road_penalty" in misspelt.message
    assert "offroad_penalty" in misspelt.message
