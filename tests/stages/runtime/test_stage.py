"""A stage as a process: alone in its checkout, and on the data that dvc.lock names."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stages.runtime import inputs, snapshot, stage
from stages.runtime.errors import UserError
from stages.runtime.inputs import StageInputs, md5
from stages.runtime.watch import Watch
from tests import ROOT

HOLDER = "from stages.runtime.stage import only_one\nwith only_one('train'): print('ready', flush=True); input()"


@pytest.fixture
def other(tmp_path, monkeypatch):
    """Another process that does the stage train in this folder, until its standard input ends."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def do(name):
    with stage.only_one(name):
        return time.monotonic()


def test_a_second_process_of_a_stage_names_the_first_and_stops(other, monkeypatch):
    monkeypatch.setattr(stage, "ORPHAN_SECONDS", 0.2)
    with pytest.raises(UserError, match=f"process {other.pid} does this stage here already; wait for its end"):
        do("train")
    do("evaluate")


def test_a_stage_waits_for_one_that_is_about_to_end_and_no_lock_outlives_its_process(other):
    killer = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {other.pid}"])
    do("train")
    assert killer.wait() == 0


def test_a_stage_runs_where_there_is_no_place_for_a_lock(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    do("train")
    assert not list(tmp_path.iterdir())  # a folder .dvc would be another project
    (tmp_path / ".dvc").write_text("a file")
    do("train")


def rwlock(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/rwlock").write_text(content)
    monkeypatch.setattr(Watch, "dvc_runs", lambda: "as before")
    stage.watch_dvc()
    return Watch.dvc_runs()


def writer(pid):
    return json.dumps({"read": {}, "write": {"/data/model": {"pid": pid, "cmd": "dvc repro"}}})


def test_the_dvc_that_is_watched_is_the_ancestor_that_writes_the_outputs(tmp_path, monkeypatch):
    oldest = psutil.Process().parents()[-1].pid
    assert rwlock(tmp_path, monkeypatch, writer(oldest)) in {True, "as before"}  # the latter if it is the parent


def test_a_dvc_is_gone_if_its_outputs_are_written_by_nobody_above_this_process(tmp_path, monkeypatch):
    assert rwlock(tmp_path, monkeypatch, writer(os.getpid())) is False


@pytest.mark.parametrize("content", ["", "{}", '{"write": {}}', '{"write": {"x": 1}}', "[]", writer("x")])
def test_without_a_usable_list_of_writers_the_parent_is_watched(tmp_path, monkeypatch, content):
    assert rwlock(tmp_path, monkeypatch, content) == "as before"


PIPELINE = """
stages:
  preprocess: {outs: [data/preprocessed]}
  train: {deps: [data/preprocessed/a.npy], params: [train], outs: [data/model]}
  evaluate: {deps: [data/preprocessed/b.npy, data/model/m]}
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project whose dvc.lock names the arrays a and b."""
    monkeypatch.chdir(tmp_path)
    Path("data/preprocessed").mkdir(parents=True)
    for name in ("a", "b"):
        Path(f"data/preprocessed/{name}.npy").write_text(name)
    listed = [{"md5": md5(n.encode()).hexdigest(), "relpath": f"{n}.npy"} for n in ("a", "b")]
    digest = md5(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    out = f"{{path: data/preprocessed, hash: md5, md5: {digest}.dir, size: 2, nfiles: 2}}"
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages: {{preprocess: {{cmd: x, outs: [{out}]}}}}\n")
    Path("dvc.yaml").write_text(PIPELINE)
    Path("params.yaml").write_text("train: {seed: 0}\n")
    monkeypatch.setattr(inputs, "SNAPSHOT", snapshot.take_snapshot())
    return tmp_path


def swap(path):
    """Other bytes under the same size and time."""
    before = path.stat()
    path.write_text("x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_arrays_that_dvc_lock_names_are_as_they_should_be(checkout):
    (checkout / "data/preprocessed/.DS_Store").write_text("what DVC ignores")
    os.utime("dvc.lock")
    assert StageInputs("train").difference_from_lock() == ""


def test_an_array_that_was_changed_under_its_time_is_noticed(checkout):
    swap(checkout / "data/preprocessed/a.npy")
    difference = StageInputs("train").difference_from_lock()
    assert difference.startswith("data/preprocessed holds other bytes than dvc.lock says")


@pytest.mark.parametrize(
    "content", ["", "stages: {preprocess: ", "stages: []", "stages: {x: {outs: [{path: data}]}}"]
)
def test_what_dvc_lock_does_not_say_is_not_compared(checkout, content):
    (checkout / "dvc.lock").write_text(content)
    assert StageInputs("train").difference_from_lock() == ""


def test_an_array_that_is_newer_than_dvc_lock_or_missing_is_left_to_dvc(checkout):
    swap(checkout / "data/preprocessed/a.npy")
    os.utime(checkout / "data/preprocessed/a.npy")
    os.utime("dvc.lock", (0, 0))
    assert StageInputs("train").difference_from_lock() == ""
    os.utime("dvc.lock")
    assert StageInputs("train").difference_from_lock()
    (checkout / "data/preprocessed/b.npy").unlink()
    assert StageInputs("train").difference_from_lock() == ""


def run(checkout):
    with pytest.raises(SystemExit) as caught:
        stage.run_stage("train", lambda: sys.exit("it ran"))
    return caught.value.code


def test_a_stage_refuses_such_an_array_under_dvc_and_mentions_it_by_hand(checkout, monkeypatch, capsys):
    swap(checkout / "data/preprocessed/a.npy")
    assert run(checkout) == "it ran"
    said = capsys.readouterr().err
    assert said.startswith("train: data/preprocessed holds other bytes than dvc.lock says")
    assert "rm " not in said
    monkeypatch.setenv("DVC_STAGE", "train")
    assert str(run(checkout)).startswith("train: data/preprocessed holds other bytes than dvc.lock says")


def key(checkout, monkeypatch):
    monkeypatch.setattr(inputs, "SNAPSHOT", snapshot.take_snapshot())
    return StageInputs("train").key("numpy 1")


def test_the_key_of_a_result_changes_with_its_inputs_and_with_nothing_else(checkout, monkeypatch):
    first = key(checkout, monkeypatch)
    (checkout / "params.yaml").write_text("# A comment.\nplot: {}\ntrain: {seed: 0}\n")
    (checkout / "data/preprocessed/a.npy").touch()
    (checkout / "data/preprocessed/b.npy").write_text("of another stage")
    assert key(checkout, monkeypatch) == first
    assert StageInputs("train").key("numpy 2") != first
    (checkout / "data/preprocessed/a.npy").write_text("b")
    second = key(checkout, monkeypatch)
    (checkout / "params.yaml").write_text("train: {seed: 1}\n")
    assert len({first, second, key(checkout, monkeypatch)}) == 3


def test_without_what_the_stage_depends_on_a_result_has_no_key(checkout):
    assert StageInputs("a stage that dvc.yaml does not name").key("numpy 1") is None
