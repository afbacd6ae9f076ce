import json
import os

import pytest

from stages.training.log import SIGNAL, signal, withdraw_signal


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """The signal of an experiment that DVC runs for the checkout in tmp_path."""
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "0" * 40)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path / SIGNAL


def test_the_signal_names_process_and_step_and_goes_away(experiment):
    for step in (10, 20):
        signal(step)
        assert json.loads(experiment.read_text()) == {"pid": os.getpid(), "step": step}
    withdraw_signal()
    assert list(experiment.parent.iterdir()) == []
    withdraw_signal()


def test_the_signal_of_an_experiment_beside_this_one_stays(experiment):
    experiment.parent.mkdir(parents=True)
    experiment.write_text(json.dumps({"pid": os.getpid() + 1, "step": 3}))
    withdraw_signal()
    assert experiment.exists()


@pytest.mark.parametrize("lacking", ["DVC_EXP_BASELINE_REV", "DVC_ROOT"])
def test_outside_an_experiment_there_is_no_signal(experiment, monkeypatch, lacking):
    monkeypatch.delenv(lacking)
    signal(10)
    withdraw_signal()
    assert not experiment.exists()


def test_a_signal_that_cannot_be_written_or_read_stops_nothing(experiment, tmp_path):
    (tmp_path / ".dvc").write_text("a file where a folder should be")
    signal(10)
    withdraw_signal()
    (tmp_path / ".dvc").unlink()
    experiment.parent.mkdir(parents=True)
    experiment.write_text("{")
    withdraw_signal()
    assert experiment.read_text() == "{"
