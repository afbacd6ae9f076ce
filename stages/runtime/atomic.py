"""A file has its final name only when it is complete and on the disk: write beside, sync, rename."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from stages.runtime.errors import UserError
from stages.runtime.watch import Watch, end_if_orphaned


class WriteError(UserError):
    """A file that the disk refuses."""


PENDING: ContextVar[dict[Path, Path] | None] = ContextVar("complete files, to be renamed", default=None)


@contextmanager
def all_or_none() -> Iterator[None]:
    """The files written in this block get their final names together at its end, or none of them does."""
    pending: dict[Path, Path] = {}
    token = PENDING.set(pending)
    try:
        yield
        end_if_orphaned()
        for part, path in pending.items():
            part.replace(path)
    finally:
        PENDING.reset(token)
        for part in pending:
            discard(part)


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open PATH.PID.part for writing; rename it to PATH when the block ends, remove it when the block fails.

    With the number of the process in its name, two that write the same file do not disturb each other. Ends the
    process instead if the DVC that started it is gone.
    Raises WriteError where the disk refuses (full, a limit, no permission).
    """
    pending = PENDING.get()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        discard(part)  # of an earlier process of this number, or a symbolic link
        with Watch.creating:
            file = part.open("xb")
            Watch.unfinished.add(part)
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        end_if_orphaned()
        if pending is None:
            part.replace(path)
        else:
            pending[part] = path
    except OSError as error:
        raise WriteError(
            f"{path} could not be written: {error.strerror or error}{free_space_hint(path, error)}"
        ) from error
    finally:
        if pending is None or part not in pending:
            discard(part)


def discard(part: Path) -> None:
    """Remove an unfinished file, if it is still there."""
    part.unlink(missing_ok=True)
    Watch.unfinished.discard(part)


def free_space_hint(path: Path, error: OSError) -> str:
    """How much space is free, and what to do, if an error in writing a file was a lack of space; else nothing."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return ""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    return f"; {shutil.disk_usage(folder).free / 1e6:,.0f} MB are free there; make room and run again"


def write(path: Path, content: bytes) -> None:
    """Write bytes to a file, whole or not at all."""
    with atomic_write(path) as file:
        file.write(content)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a mapping to a JSON file, whole or not at all; its keys keep their order."""
    write(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, object]:
    """The mapping in a JSON file.

    Raises UserError if the file is missing, or holds something else.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON ({error}); run `dvc repro` to make it again") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; run `dvc repro` to make it again")
    return content


def missing(path: Path) -> UserError:
    """The error for an input that is not there."""
    return UserError(f"{path} is missing; `dvc repro` makes it, `dvc checkout` brings it back from the cache")
