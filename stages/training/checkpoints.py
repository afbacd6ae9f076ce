"""Checkpoints: a training that ended before its time goes on where it was, to the very same bytes.

A folder for each training, named after all that determines its result: parameters, code, arrays, NumPy, the kernel
of BLAS. So a checkpoint of another training is never taken. A file in it holds the arrays of an epoch's end and
the log, as JSON, each with a checksum: so a damaged one is not taken either.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from stages.runtime.atomic import WriteError, atomic_write
from stages.runtime.paths import CHECKPOINTS, COMPLETE

MAX_LOST_SECONDS = 15  # or an epoch, where that takes longer
KEPT = 2  # files of a training
KEPT_DAYS = 14  # of a training that nobody has continued

Arrays = Mapping[str, NDArray[Any]]


class Checkpoint(NamedTuple):
    """A training at the end of an epoch."""

    epoch: int
    arrays: Arrays
    log: Mapping[str, Any]


class Checkpoints:
    """Those of one training, by its key; without one there are none."""

    def __init__(self, key: str | None) -> None:
        self.folder = None if key is None else CHECKPOINTS / key
        self.saved = self.epoch_began = time.monotonic()

    def latest(self) -> Checkpoint | None:
        """The last one that is whole. Folders of trainings that nobody has continued for long are removed."""
        for folder in CHECKPOINTS.glob("*/"):
            with suppress(OSError):  # another training may have removed it
                if time.time() - folder.stat().st_mtime > KEPT_DAYS * 24 * 3600:
                    shutil.rmtree(folder, ignore_errors=True)
        for path in reversed(self.files()):
            # What a damaged file may raise is no short list.
            with suppress(Exception), path.open("rb") as opened:
                arrays = dict(np.load(opened, allow_pickle=False))
                log = json.loads(arrays.pop("log").tobytes())
                return Checkpoint(int(path.stem), arrays, log)
        return None

    def end_epoch(self, epoch: int, arrays: Arrays, log: Mapping[str, Any]) -> bool:
        """Save a checkpoint unless the next epoch ends in time to do so; returns whether one was saved.

        So at most one is saved in 7.5 s. A disk that refuses costs a line, not the training.
        """
        now = time.monotonic()
        next_end, self.epoch_began = now + (now - self.epoch_began), now
        if self.folder is None or next_end - self.saved <= MAX_LOST_SECONDS:
            return False
        self.saved = now
        content: dict[str, Any] = {**arrays, "log": np.frombuffer(json.dumps(log).encode(), np.uint8)}
        try:
            with atomic_write(self.folder / f"{epoch:06d}.npz") as file:
                np.savez(file, **content)
            for path in self.files()[:-KEPT]:
                path.unlink(missing_ok=True)
        except (WriteError, OSError) as error:
            print(f"train: no checkpoint ({error}); the training goes on", file=sys.stderr)  # noqa: T201
            return False
        return True

    def files(self) -> list[Path]:
        """The files, in the order of their epochs."""
        return [] if self.folder is None else sorted(self.folder.glob("*.npz"))

    def finish(self) -> None:
        """The training is complete. Its checkpoints go; under DVC, which has still to record it, by stage.py."""
        if self.folder is not None and "DVC_STAGE" in os.environ:
            with suppress(OSError):
                (self.folder / COMPLETE).touch()
        elif self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def blas_and_numpy() -> str:
    """The version of NumPy and the kernel of BLAS, which determine the result besides the inputs of the stage."""
    blas = [library for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
    kernels = [f"{library['version']} {library.get('architecture')}" for library in blas]
    return ", ".join([f"numpy {np.__version__}", *kernels])
