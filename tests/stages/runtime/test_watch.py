import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.runtime import watch
from stages.runtime.atomic import all_or_none, atomic_write, write

# A stage that says when it is watched over, and then is busy, in Python or waiting for something else.
STAGE = """
from pathlib import Path
from stages.runtime import watch
from stages.runtime.atomic import atomic_write
watch.start("train")
with atomic_write(Path("file")) as file:
    print("ready", flush=True)
    {busy}
"""


def reset_signals():
    """What runs in the background of a script, or under nohup, ignores some of these."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def started(tmp_path, busy, *, preexec_fn=reset_signals):
    return subprocess.Popen(
        [sys.executable, "-c", STAGE.format(busy=busy)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec_fn,  # noqa: PLW1509
    )


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("busy", ["while True: pass", "import os; os.read(os.pipe()[0], 1)"])
def test_a_signal_ends_a_stage_in_one_line_and_leaves_no_unfinished_file(tmp_path, name, code, busy):
    with started(tmp_path, busy) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert list(tmp_path.iterdir())
        began = time.monotonic()
        process.send_signal(getattr(signal, name))
        try:
            _, said = process.communicate(timeout=10)
        finally:
            process.kill()
    assert time.monotonic() - began < 2
    assert (process.returncode, said) == (code, f"train: stopped by {name}; run it again\n")
    assert not list(tmp_path.iterdir())


def test_a_signal_that_was_ignored_at_the_start_stays_ignored(tmp_path):
    ignoring = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    process = started(tmp_path, "import time; time.sleep(0.3)", preexec_fn=ignoring)
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=10)
    assert process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_stage_ends_when_the_dvc_that_started_it_does(tmp_path):
    code = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"
    stage = [sys.executable, "-c", STAGE.format(busy="while True: pass")]
    with subprocess.Popen(
        [sys.executable, "-c", code, *stage],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "DVC_STAGE": "train"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as dvc:
        assert dvc.stdout
        assert dvc.stdout.readline() == "ready\n"
        began = time.monotonic()
        dvc.kill()
        _, said = dvc.communicate(timeout=10)  # ends when nobody is left who could write
    assert time.monotonic() - began < 2
    assert said.startswith("train: stopped by the end of the dvc that started it; run it again (what DVC removed")
    assert not list(tmp_path.iterdir())


class Ended(Exception):
    """Instead of the end of this process."""


@pytest.fixture
def orphan(monkeypatch):
    """Makes this process one that a DVC has started which is gone."""

    def end(*_):
        raise Ended

    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setattr(watch, "end", end)
    return lambda: monkeypatch.setattr(watch.Watch, "dvc_runs", lambda: False)


def test_a_stage_whose_dvc_is_gone_gives_no_file_its_name(orphan, tmp_path):
    orphan()
    with pytest.raises(Ended):
        write(tmp_path / "file", b"content")
    assert not list(tmp_path.iterdir())


def test_a_stage_whose_dvc_goes_while_it_writes_gives_no_file_its_name(orphan, tmp_path):
    def write_two():
        with all_or_none():
            write(tmp_path / "file", b"content")
            orphan()

    with pytest.raises(Ended):
        write_two()
    assert not list(tmp_path.iterdir())


def test_no_link_under_the_name_of_an_unfinished_file_is_written_through(tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / f"file.{os.getpid()}.part").symlink_to(target)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"content")
    assert target.read_text() == "mine"
    assert not (tmp_path / "file").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "target"]
