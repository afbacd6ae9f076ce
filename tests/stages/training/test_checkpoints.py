import os
import time
from pathlib import Path

import numpy as np
import pytest

from stages.runtime import stage
from stages.training import checkpoints
from stages.training.checkpoints import Checkpoints

LOG = {"training": [[1, 1, 0.1, 0.3333333333333333]], "metrics": {"val_loss": None}, "accuracy": ""}


def arrays(epoch):
    return {"network": np.full(100, epoch / 3, np.float32), "optimizer.0": np.arange(3.0)}


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A training after its fourth epoch, with a checkpoint at the end of each."""
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(checkpoints, "MAX_LOST_SECONDS", 0)
    training = Checkpoints("key")
    assert training.latest() is None
    assert all(training.end_epoch(epoch, arrays(epoch), LOG) for epoch in range(1, 5))
    return training


def test_the_last_checkpoint_is_what_was_saved_to_the_bit(saved):
    last = Checkpoints("key").latest()
    assert last is not None
    epoch, found, log = last
    assert (epoch, log) == (4, LOG)
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in arrays(4).items()
    }


def test_the_last_two_are_kept_and_none_of_another_training_is_taken(saved, tmp_path):
    assert [path.name for path in saved.files()] == ["000003.npz", "000004.npz"]
    assert Checkpoints("other").latest() is None


def test_a_checkpoint_that_is_damaged_anywhere_is_passed_over(saved):
    _, last = saved.files()
    whole = last.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(len(whole), size=100):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        last.write_bytes(damaged)
        found = saved.latest()
        if found.epoch == 4:  # a byte that says nothing, such as the time in a header
            assert {name: array.tobytes() for name, array in found.arrays.items()} == {
                name: array.tobytes() for name, array in arrays(4).items()
            }
            assert found.log == LOG
    for length in range(0, len(whole), 97):
        last.write_bytes(whole[:length])
        assert saved.latest().epoch == 3


def test_a_training_that_ends_removes_its_own_and_what_is_old_goes(saved, tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_STAGE", raising=False)
    for name, days in (("old", 15), ("younger", 13)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, time.time() - days * 24 * 3600))
    saved.latest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "younger"]
    saved.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["younger"]


@pytest.mark.parametrize(("seconds", "each"), [(0.1, 149), (2, 7), (9, 1), (14, 1), (40, 1)])
def test_a_checkpoint_is_saved_where_fifteen_seconds_or_an_epoch_would_be_lost(
    tmp_path, monkeypatch, seconds, each
):
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", tmp_path)
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    training, found = Checkpoints("key"), []
    for epoch in range(1, 300):
        now = epoch * seconds
        if training.end_epoch(epoch, {}, {}):
            found.append(epoch)
    steps = np.diff([0, *found])
    assert set(steps) <= {each, each + 1}
    assert max(steps) * seconds <= max(15, seconds) + 0.2


def test_a_complete_training_keeps_its_checkpoints_until_dvc_has_recorded_it(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "CHECKPOINTS", tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train")
    Path("dvc.lock").touch()
    os.utime("dvc.lock", (0, 0))
    saved.finish()
    stage.remove_recorded_checkpoints()
    assert saved.latest()
    os.utime("dvc.lock")
    stage.remove_recorded_checkpoints()
    assert not saved.folder.exists()


def test_without_a_key_there_are_no_checkpoints(saved, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    unknown = Checkpoints(None)
    assert not unknown.end_epoch(1, arrays(1), LOG)
    assert unknown.latest() is None
    unknown.finish()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_refuses_costs_a_line_and_not_the_training(saved, tmp_path, capsys):
    saved.folder = tmp_path / "file"
    saved.folder.write_text("in the way")
    assert not saved.end_epoch(5, arrays(5), LOG)
    said = capsys.readouterr().err
    assert said.startswith("train: no checkpoint (")
    assert said.endswith("; the training goes on\n")
