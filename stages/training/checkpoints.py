"""Checkpoints: a training that ended before its time goes on where it was, to the very same bytes.

A folder for each training, named after all that determines its result: parameters, code, arrays, NumPy, the kernel
of BLAS. So a checkpoint of another training is never taken. A file in it is named after its epoch and its content,
so a damaged one is not taken either. Its tensors are arrays; its metadata, JSON, is the log.
"""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from stages.runtime.atomic import WriteError, write
from stages.runtime.paths import CHECKPOINTS

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
    """Those of one training, by its key (see `blas_and_numpy`)."""

    def __init__(self, key: str) -> None:
        self.folder = CHECKPOINTS / key
        self.saved = self.epoch_began = time.monotonic()

    def latest(self) -> Checkpoint | None:
        """The last one that is whole. Folders of trainings that nobody has continued for long are removed."""
        for folder in CHECKPOINTS.glob("*/"):
            if time.time() - folder.stat().st_mtime > KEPT_DAYS * 24 * 3600:
                shutil.rmtree(folder, ignore_errors=True)
        for path in reversed(self.files()):
            epoch, digest, _ = path.name.split(".")
            if digest == digest_of(path.read_bytes()):
                with safe_open(path, framework="numpy") as file:
                    arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
                    return Checkpoint(int(epoch), arrays, json.loads(file.metadata()["log"]))
        return None

    def end_epoch(self, epoch: int, arrays: Arrays, log: Mapping[str, Any]) -> bool:
        """Save a checkpoint unless the next epoch ends in time to do so; returns whether one was saved.

        A disk that refuses costs a line, not the training.
        """
        now = time.monotonic()
        next_end, self.epoch_began = now + (now - self.epoch_began), now
        if next_end - self.saved <= MAX_LOST_SECONDS:
            return False
        content = save(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"log": json.dumps(log)}
        )
        self.saved = now
        try:
            write(self.folder / f"{epoch:06d}.{digest_of(content)}.safetensors", content)
            for path in self.files()[:-KEPT]:
                path.unlink(missing_ok=True)
        except (WriteError, OSError) as error:
            print(f"train: no checkpoint ({error}); the training goes on", file=sys.stderr)  # noqa: T201
            return False
        return True

    def files(self) -> list[Path]:
        """The files, in the order of their epochs."""
        return sorted(self.folder.glob("*.*.safetensors"))

    def remove(self) -> None:
        """Remove them: the training has come to its end."""
        shutil.rmtree(self.folder, ignore_errors=True)


def blas_and_numpy() -> str:
    """The version of NumPy and the kernel of BLAS, which determine the result besides the inputs of the stage."""
    blas = [library for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
    kernels = [f"{library['version']} {library.get('architecture')}" for library in blas]
    return ", ".join([f"numpy {np.__version__}", *kernels])


def digest_of(content: bytes) -> str:
    """What the name of a file says of its content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
