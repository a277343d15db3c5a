"""The scripts of `make bench` run: it takes most of an hour, and nobody runs it daily."""

import argparse
from importlib import import_module
from pathlib import Path

import pytest

SMALL = {"size": 36, "batch": 8, "threads": 1, "rounds": 3, "updates": 2}


@pytest.fixture(autouse=True)
def scripts(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # of run folders that contenders write


@pytest.mark.parametrize(
    ("script", "contender"),
    [
        ("update", "SB3"),
        ("update", "rca, reused features"),
        ("loop", "SB3"),
        ("loop", "rca, probed"),
    ],
)
def test_a_contender_takes_its_steps(script, contender):
    import_module(script).contend(contender, SMALL["size"], SMALL["batch"])(2)


def test_what_probes_add_is_measured(capsys):
    _, same = import_module("probes").cost(argparse.Namespace(**SMALL))
    assert same >= 0
    assert "all probes" in capsys.readouterr().out


def test_the_floor_is_measured():
    found = import_module("floor").floors(argparse.Namespace(**SMALL))
    assert set(found) == {"exact", "reused features"}
    assert all(value > 0 <= same for value, same in found.values())
