import json
import os

import pytest

from nn.training import Step
from stages.training.log import NOTIFICATION, TrainingLog, notify_vscode, withdraw_notification
from stages.training.validation import Validated


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """The notification of an experiment that DVC runs for the checkout in tmp_path."""
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "0" * 40)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path / NOTIFICATION


def test_the_notification_names_process_and_step_and_goes_away(experiment):
    for step in (10, 20):
        notify_vscode(step)
        assert json.loads(experiment.read_text()) == {"pid": os.getpid(), "step": step}
    withdraw_notification()
    assert list(experiment.parent.iterdir()) == []
    withdraw_notification()


def test_the_notification_of_an_experiment_beside_this_one_stays(experiment):
    experiment.parent.mkdir(parents=True)
    experiment.write_text(json.dumps({"pid": os.getpid() + 1, "step": 3}))
    withdraw_notification()
    assert experiment.exists()


@pytest.mark.parametrize("lacking", ["DVC_EXP_BASELINE_REV", "DVC_ROOT"])
def test_outside_an_experiment_there_is_no_notification(experiment, monkeypatch, lacking):
    monkeypatch.delenv(lacking)
    notify_vscode(10)
    withdraw_notification()
    assert not experiment.exists()


def test_a_notification_that_cannot_be_written_or_read_stops_nothing(experiment, tmp_path):
    (tmp_path / ".dvc").write_text("a file where a folder should be")
    notify_vscode(10)
    withdraw_notification()
    (tmp_path / ".dvc").unlink()
    experiment.parent.mkdir(parents=True)
    experiment.write_text("{")
    withdraw_notification()
    assert experiment.read_text() == "{"


def test_the_log_has_every_so_many_steps_and_the_metrics_of_what_becomes_the_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = TrainingLog(steps=6, steps_per_epoch=3, log_every=2)
    for number, loss in enumerate([6.0, 4.0, 2.0, 5.0, 3.0, 1.0], start=1):
        step = Step(number, (number + 2) // 3, 0.1, loss, 1.0)
        log.log_step(step)
        if number in {2, 6}:
            log.log_validation(step, Validated(0.4, 0.95, 0.5, 0.9), becomes_model=number == 2)
        log.write(step)
    assert [row[0] for row in log.training] == [1, 3, 5]
    assert log.batch_loss == 3.0
    found = json.loads((tmp_path / "metrics/train.json").read_text())
    assert found == {"epoch": 2 / 3, "train_loss": 0.4, "val_loss": 0.5, "val_accuracy": 0.9}
    rows = (tmp_path / "plots/validation.csv").read_text().splitlines()
    assert rows[0] == "step,epoch,loss,accuracy,train_loss,train_accuracy"
    assert rows[1:] == ["2,1,0.5,0.9,0.4,0.95", "6,2,0.5,0.9,0.4,0.95"]


def test_without_validation_images_their_figures_are_null(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log = TrainingLog(steps=1, steps_per_epoch=1, log_every=1)
    step = Step(1, 1, 0.1, 2.0, 1.0)
    log.log_step(step)
    log.log_validation(step, Validated(0.4, 0.95, None, None), becomes_model=True)
    log.write(step)
    log.print_epoch(step)
    found = json.loads((tmp_path / "metrics/train.json").read_text())
    assert found == {"epoch": 1.0, "train_loss": 0.4, "val_loss": None, "val_accuracy": None}
    assert (tmp_path / "plots/validation.csv").read_text().splitlines()[1] == "1,1,,,0.4,0.95"
    assert capsys.readouterr().out.startswith("epoch 1 of 1: batch_loss 2.0000, train_loss 0.4000 (")
