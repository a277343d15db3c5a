"""The audit of our own trainer: what befalls it does not befall the training."""

from rca.runs.auditor import Auditor
from rca.td3.train import train
from tests.test_td3_train import config, tiny_build
from tests.tiny_env import Pointing


def test_facts_that_cannot_be_written_are_told_once_and_end_no_training(tmp_path, caplog):
    place = tmp_path / "wiring.json"
    place.mkdir()  # a file cannot take the place of a folder
    training = tiny_build(config(steps=80)).training(Pointing(), lambda event: None)
    auditor = Auditor(training.agent, tmp_path)
    train(training)  # the first look ends after 50 updates
    auditor.close()
    assert training.agent.critic_updates == 60
    (line,) = caplog.messages
    assert line.startswith(f"{place}: not written, training goes on: [Errno 21] Is a directory")
    place.rmdir()
    auditor.close()
    assert place.is_file()


def test_an_error_inside_the_audit_ends_the_audit_alone(tmp_path, caplog, monkeypatch):
    told: list[Auditor] = []
    training = tiny_build(config(steps=80)).training(Pointing(), lambda event: told[0](event))
    told.append(Auditor(training.agent, tmp_path))
    monkeypatch.setattr(told[0]._audit, "step", lambda *args, **ends: 1 / 0)
    train(training)
    assert training.agent.critic_updates == 60
    (line,) = caplog.messages
    assert "the audit broke off, training goes on: ZeroDivisionError" in line
