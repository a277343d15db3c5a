"""What code reads of its configs: each way of reading is seen, and planted defects are found."""

import pytest

from rca.audit.code import read_code
from rca.audit.settings import Setting
from rca.audit.usage import Use, absent, usages
from rca.errors import UsageError


def used(tmp_path, code, *keys):
    """What becomes of some dotted keys under one file of code."""
    (tmp_path / "train.py").write_text(code)
    settings = [Setting(tmp_path / "c.yaml", tuple(k.split(".")), 1, 1) for k in keys]
    found = read_code(tmp_path).found
    return {item.setting.dotted: item.use for item in usages(settings, found)}


LOAD = "import yaml\ncfg = yaml.safe_load(open('c.yaml'))\n"


@pytest.mark.parametrize(
    "code",
    [
        LOAD + "print(cfg['agent']['lr'])",
        LOAD + "print(cfg.get('agent', {}).get('lr', 3e-4))",
        LOAD + "a = cfg['agent']\nprint(a['lr'])",
        LOAD + "a = cfg.get('agent') or {}\nprint(float(a.get('lr', 1)))",
        LOAD + "def f(c):\n    return c['lr']\nprint(f(cfg['agent']))",
        LOAD + "def f(*, section=None):\n    return section['lr']\nf(section=cfg['agent'])",
        LOAD + "def f(lr=0.1):\n    return lr\nf(**cfg['agent'])",
        LOAD + "class A:\n    def __init__(self, c):\n        self.c = c\n"
        "    def g(self):\n        return self.c['lr']\nA(cfg['agent'])",
        "def load():\n    return json.load(open('c'))\nprint(load()['agent']['lr'])",
        "from types import SimpleNamespace\ndef f(cfg):\n    return cfg.agent.lr\n",
        "def f(self):\n    return self.config.agent.lr\n",
        "def f(cfg):\n    return getattr(cfg.agent, 'lr')\n",
        "async def f(cfg):\n    return [cfg['agent']['lr'] for _ in 'ab']\n",
        "def f(cfg):\n    if (lr := cfg['agent']['lr']):\n        return lr\n",
    ],
)
def test_a_way_of_reading_is_seen(tmp_path, code):
    seen = used(tmp_path, code, "agent.lr", "agent.dead", "cnn.lr")
    assert seen == {"agent.lr": Use.READ, "agent.dead": Use.NEVER, "cnn.lr": Use.NEVER}


def test_fields_of_a_class_are_read_by_spreading(tmp_path):
    code = LOAD + "class A:\n    lr: float = 1\nprint(A(**cfg['agent']).lr)"
    seen = used(tmp_path, code, "agent.lr", "agent.dead")
    assert seen == {"agent.lr": Use.READ, "agent.dead": Use.NEVER}


@pytest.mark.parametrize(
    "code",
    [
        LOAD + "for key, value in cfg['agent'].items():\n    print(key, value)",
        LOAD + "import gym\ngym.make('x', cfg['agent'])",
        LOAD + "import sac\nsac.SAC(**cfg['agent'])",
        LOAD + "import sys\nprint(cfg['agent'][sys.argv[1]])",
        LOAD + "names = ['lr']\nprint([cfg['agent'] for n in names])",
        "def f(thing):\n    return thing['lr']\n",
    ],
)
def test_what_cannot_be_told_is_not_accused(tmp_path, code):
    assert used(tmp_path, code, "agent.lr", "cnn.lr")["agent.lr"] is Use.UNCERTAIN


@pytest.mark.parametrize(
    "code",
    [
        '"""Reads lr."""\ndef f(self):\n    """Uses lr."""\n    return self.lr\n',
        "def f(self):\n    self.lr = 0.3\n    return self.lr\n",
        "def f(self, log):\n    log(f'lr {self.lr}')\n    return {'lr': self.lr}\n",
        "def f(cfg):\n    cfg['agent']['lr'] = 3\n",
        "import lr\nprint('agent')\n",
        "def f(optimizer):\n    optimizer.lr()\n",
    ],
)
def test_a_value_of_the_code_s_own_is_no_reading(tmp_path, code):
    """A hard-coded schedule under the name of a setting is what made the setting void."""
    assert used(tmp_path, code, "agent.lr") == {"agent.lr": Use.NEVER}


@pytest.mark.parametrize(
    ("code", "use"),
    [
        (LOAD + "lr = float(cfg['agent']['lr'])\n", Use.DROPPED),
        (LOAD + "class A:\n    def __init__(self, c):\n        self.lr = c['lr']\n", Use.DROPPED),
        (LOAD + "lr = cfg['agent']['lr']\nprint(lr)\n", Use.READ),
        (LOAD + "lr = cfg['agent']['lr']\nprint(vars())\n", Use.READ),
    ],
)
def test_a_value_that_nothing_uses_is_dropped(tmp_path, code, use):
    assert used(tmp_path, code, "agent.lr") == {"agent.lr": use}


def test_a_misspelt_key_is_named_with_the_default_in_force(tmp_path):
    (tmp_path / "reward.py").write_text(
        LOAD + "safety = cfg['reward']['safety']\n"
        "print(safety.get('offroad_penalty', -500.0), safety['collision'])\n"
    )
    keys = ("reward.safety.off_road_penalty", "reward.safety.collision")
    settings = [Setting(tmp_path / "c.yaml", tuple(k.split(".")), 1, 1) for k in keys]
    found = read_code(tmp_path).found
    unread = [u.setting for u in usages(settings, found) if u.use is Use.NEVER]
    assert [item.dotted for item in unread] == ["reward.safety.off_road_penalty"]
    (missing,) = absent(settings, found, unread)
    assert missing.meant == settings[0]
    assert missing.read.default == "-500.0"
    assert missing.read.line == 4


def test_a_key_of_another_dictionary_is_not_called_absent(tmp_path):
    (tmp_path / "train.py").write_text(LOAD + "print(cfg['agent']['lr'])\nprint(info['speed'])\n")
    settings = [Setting(tmp_path / "c.yaml", ("agent", "lr"), 1, 1)]
    assert absent(settings, read_code(tmp_path).found, []) == []


def test_the_code_is_never_run_and_what_cannot_be_parsed_is_named(tmp_path):
    (tmp_path / "bomb.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "old.py").write_text("print 'python 2'\n")
    (tmp_path / "nul.py").write_bytes(b"x = 1\x00")
    (tmp_path / "deep.py").write_text("x = " + "(" * 3000 + ")" * 3000)
    code = read_code(tmp_path)
    assert not (tmp_path / "ran").exists()
    assert code.files == 1
    assert sorted(p.split(":")[0].rpartition("/")[2] for p in code.problems) == [
        "deep.py",
        "nul.py",
        "old.py",
    ]


def test_a_chain_too_deep_to_walk_is_named(tmp_path):
    (tmp_path / "deep.py").write_text("x = a" + "[0]" * 2000)
    (problem,) = read_code(tmp_path).problems
    assert "deep.py: " in problem
    assert "too deeply" in problem or "recursion" in problem  # as Python lets it be parsed or not


def test_folders_of_others_are_left_out(tmp_path):
    for name in ("site-packages", ".hidden", "venv"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.py").write_text("print(1)")
    with pytest.raises(UsageError, match="no Python file"):
        read_code(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(UsageError, match="none"):
        read_code(tmp_path / "none")
