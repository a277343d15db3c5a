"""Every setting is found with the line that declares it, in each format; broken files are named."""

import json

import pytest

from rca.audit.settings import read_settings
from rca.errors import UsageError

YAML = """\
# a comment
agent:
  lr: 0.001
  net: {hidden: 256,
        depth: 2}
  lr: 0.003
base: &base
  a: 1
used:
  <<: *base
  b: [1, 2]
"""
TOML = """\
top = 1
[agent]
lr = 0.001   # why
net = { hidden = 256 }
[agent.deep]
"quoted.key" = 2
"""


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return read_settings(path)


def places(settings):
    return {item.dotted: (item.value, item.line) for item in settings.leaves}


def test_yaml_lines_follow_nesting_flow_and_merges(tmp_path):
    found = places(written(tmp_path, "a.yaml", YAML))
    assert found["agent.net.hidden"] == (256, 4)
    assert found["agent.net.depth"] == (2, 5)
    assert found["agent.lr"] == (0.003, 6)
    assert found["used.a"] == (1, 9)
    assert found["used.b"] == ([1, 2], 11)


def test_a_key_twice_in_a_section_is_seen_though_the_parser_is_silent(tmp_path):
    (hidden,) = written(tmp_path, "a.yaml", YAML).hidden
    assert (hidden.key, hidden.line, hidden.hidden_by) == (("agent", "lr"), 3, 6)


def test_json_lines_with_tabs(tmp_path):
    text = json.dumps({"agent": {"lr": 1, "x": {"y": 2}}}, indent="\t")
    found = places(written(tmp_path, "a.json", text))
    assert found == {"agent.lr": (1, 3), "agent.x.y": (2, 5)}


def test_json_keys_twice(tmp_path):
    settings = written(tmp_path, "a.json", '{"lr": 1,\n "lr": 2}')
    assert [(item.line, item.hidden_by) for item in settings.hidden] == [(1, 2)]
    assert places(settings)["lr"] == (2, 2)


def test_toml_lines(tmp_path):
    found = {item.key: item.line for item in written(tmp_path, "a.toml", TOML).leaves}
    assert found[("top",)] == 1
    assert found[("agent", "lr")] == 3
    assert found[("agent", "net", "hidden")] == 4
    assert ("agent", "deep", "quoted.key") in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "a: ["),
        ("a.yaml", "- 1"),
        ("a.yaml", "a: &x {b: *x}"),
        ("a.json", "[1]"),
        ("a.json", '{"a": '),
        ("a.toml", "a = "),
        ("a.toml", "a = 1\na = 2"),
        ("a.yaml", "x: " + "[" * 5000),
    ],
)
def test_what_is_no_config_is_refused_in_one_line(tmp_path, name, text):
    with pytest.raises(UsageError, match=name) as error:
        written(tmp_path, name, text)
    assert "\n" not in str(error.value)


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml"):
        read_settings(tmp_path / "none.yaml")
