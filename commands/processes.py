"""Which processes of DVC, and which stages, live in a checkout."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from stages.errors import UserError

DVC = re.compile(r"dvc(\.exe)?|.*/dvc/__main__\.py")
STAGE = re.compile(r"stages\.\w+")


def living(root: Path) -> Iterator[tuple[int, str]]:
    """Number and command of each of them, wherever below the root of the checkout it works."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile, or is somebody else's
            command = process.cmdline()
            if process.pid != os.getpid() and is_pipeline(command) and project_of(Path(process.cwd())) == root:
                yield process.pid, " ".join(command)


def is_pipeline(command: list[str]) -> bool:
    """Is this a command of DVC (`dvc`, `python -m dvc`) or a stage (`python -m stages.train`)?"""
    for number, word in enumerate(command[:4]):
        if number and command[number - 1] == "-m":
            return word == "dvc" or bool(STAGE.fullmatch(word))
        if DVC.fullmatch(word) or DVC.fullmatch(Path(word).name):
            return True
    return False


def project_of(folder: Path) -> Path | None:
    """The checkout that a folder belongs to; one of DVC's copies for an experiment belongs to its original."""
    text = str(folder.resolve())
    if "/.dvc/tmp/" in text:
        return Path(text.partition("/.dvc/tmp/")[0])
    return next((place for place in (Path(text), *Path(text).parents) if (place / ".dvc").is_dir()), None)


def refuse_company(root: Path) -> None:
    """Raise UserError where a process of DVC or a stage lives in the checkout."""
    for pid, command in living(root):
        raise UserError(
            f"process {pid} works in this checkout ({command}); wait for its end, or stop it: kill {pid}"
        )
