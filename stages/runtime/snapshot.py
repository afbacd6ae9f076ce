"""The code and the parameters as they were when this process began, before Python read them.

Imported first of all: it needs the standard library alone, and an old Python can read it. identity.py compares.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

PARENT = os.getppid()


class Seen(NamedTuple):
    """A file at one moment."""

    mark: tuple[int, ...] | None
    content: bytes


def mark(path: Path) -> tuple[int, ...] | None:
    """What differs after every change of a file, and after some that leave its content; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def look() -> dict[Path, Seen]:
    """The small files of the project that decide what a stage does; the mark is older than the content."""
    names = [Path("dvc.yaml"), Path("params.yaml"), *Path("nn").glob("*.py"), *Path("stages").rglob("*.py")]
    return {path: Seen(mark(path), path.read_bytes()) for path in names if path.is_file()}


FILES = look()
