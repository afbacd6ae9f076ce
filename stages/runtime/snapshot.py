"""The code, dvc.yaml and params.yaml as they were when this process began, before Python read them.

Imported before all that it holds: it needs the standard library alone, and an old Python can read it. inputs.py
compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from stages.runtime.paths import PARAMS, PIPELINE

EXPORTING = Path("stages/exporting")  # the folder with files that are filled in: page and model card
TEMPLATES = (".html", ".css", ".js", ".md")


class Snapshot(NamedTuple):
    """A file at one moment; the signature is older than the content."""

    signature: tuple[int, ...] | None
    content: bytes


def stat_signature(path: Path) -> tuple[int, ...] | None:
    """Size, times and inode, which differ after every change of a file, and after some that leave its content.

    None if there is no file.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def files_of(dep: Path) -> set[Path]:
    """A file or, as DVC counts a folder, its modules and templates (.dvcignore; nothing runs nn/plain.py)."""
    if not dep.is_dir():
        return {dep}
    suffixes = {".py", *TEMPLATES} if dep == EXPORTING else {".py"}
    return {path for path in dep.glob("[!.]*") if path.suffix in suffixes} - {Path("nn/plain.py")}


def take_snapshot() -> dict[Path, Snapshot]:
    """The small files of the project that decide what a stage does."""
    paths = {PIPELINE, PARAMS}.union(
        *map(files_of, [Path("nn"), Path("digits"), Path("stages"), *Path("stages").glob("*/")])
    )
    return {path: Snapshot(stat_signature(path), path.read_bytes()) for path in paths if path.is_file()}


SNAPSHOT = take_snapshot()
