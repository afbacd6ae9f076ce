"""A stage as a process: one at a time in a checkout, and its result is never recorded for inputs that were edited.

DVC hashes the parameters, code and data of a stage when the stage has ended (DVC's issue 11058). After an edit in
the meantime dvc.lock, and DVC's cache of runs, would say that the edited files made the result. So each stage
compares its inputs at its end with those at its beginning, and fails where they differ.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import psutil

from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.inputs import StageInputs
from stages.runtime.paths import CHECKPOINTS, COMPLETE, LOCK, PREPROCESSED
from stages.runtime.watch import PARENT, Watch, parent_is_there

ORPHAN_SECONDS = 3.0  # in which a stage ends whose DVC is gone
PLACE = Path(".dvc/tmp")  # of this checkout, or of this copy of it, which has outputs of its own
RWLOCK = PLACE / "rwlock"  # where DVC writes which process writes what

INPUTS: ContextVar[StageInputs | None] = ContextVar("inputs of the stage that this process runs", default=None)


def run_stage(name: str, main: Callable[[], None]) -> None:
    """Run main as the stage of this name. It ends as `run_or_exit` says, and fails if its inputs have changed."""

    def guarded() -> None:
        by_dvc = "DVC_STAGE" in os.environ
        if by_dvc:
            watch_dvc()
        with only_one(name):
            remove_recorded_checkpoints()
            inputs = StageInputs(name)
            INPUTS.set(inputs)
            if difference := inputs.difference_from_lock():
                if by_dvc:
                    raise UserError(
                        f"{difference}; `rm -r {PREPROCESSED}` and `dvc checkout {PREPROCESSED}` bring those back"
                    )
                print(f"{name}: {difference}", file=sys.stderr)  # noqa: T201
            main()
            stop_if_edited()

    run_or_exit(name, guarded)


def stop_if_edited() -> None:
    """Raise UserError if an input of this run has changed since it began."""
    inputs = INPUTS.get()
    if inputs is not None and (change := inputs.describe_change()):
        if "DVC_STAGE" in os.environ:  # else DVC has not removed what was there before
            remove_outputs(inputs)
        raise UserError(
            f"{change} since the run began, so DVC would record inputs that did not make the result; "
            "run it again; `dvc exp run --temp` works on a copy"
        )


def result_key(*environment: str) -> str | None:
    """What is the same for runs of the same result: the key of the inputs, and of what else counts."""
    inputs = INPUTS.get()
    return None if inputs is None else inputs.key(*environment)


def remove_recorded_checkpoints() -> None:
    """Remove those of trainings that were complete before dvc.lock was written: DVC has recorded them.

    If the disk is full then, or DVC is killed, the checkpoint saves the training.
    """
    with suppress(OSError):
        for complete in CHECKPOINTS.glob(f"*/{COMPLETE}"):
            if complete.stat().st_mtime_ns < LOCK.stat().st_mtime_ns:
                shutil.rmtree(complete.parent, ignore_errors=True)


def remove_outputs(inputs: StageInputs) -> None:
    """Remove what a refused run made, or `dvc commit` would record it and `dvc checkout` stop at it."""
    for path in inputs.outputs:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """While this block runs, no other process does the stage in this checkout.

    The system ends a lock with its process. Waits for a stage whose DVC is gone, which ends soon; raises
    UserError where the other goes on. Where locks cannot be had there is no such check.
    """
    try:
        import fcntl  # noqa: PLC0415 (there is none on Windows)

        PLACE.mkdir(exist_ok=True)
        file = (PLACE / f"{name}.lock").open("a+")
    except (OSError, ImportError):
        yield
        return
    with file:
        end = time.monotonic() + ORPHAN_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    file.seek(0)
                    raise UserError(
                        f"process {file.read()} does this stage here already; wait for its end, or stop it"
                    ) from None
                time.sleep(0.1)
            except OSError:
                break
        with suppress(OSError):
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def watch_dvc() -> None:
    """Have the end of the DVC noticed that started this process, also where a shell stands between them.

    DVC's list of who writes what names it. If none of those is an ancestor, it is gone already.
    """
    try:
        writers = {int(writer["pid"]) for writer in json.loads(RWLOCK.read_bytes())["write"].values()}
        found = [process for process in psutil.Process().parents() if process.pid in writers]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, psutil.Error):
        return  # the parent is watched
    if writers and not found:
        Watch.dvc_runs = lambda: False
    elif found and found[0].pid != PARENT:
        Watch.dvc_runs = lambda: parent_is_there() and runs(found[0])


def runs(process: psutil.Process) -> bool:
    """Is it there, and not only waiting for its parent to notice its end?"""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # who may not look does not know
        return True
