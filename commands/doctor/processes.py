"""Which processes of DVC, and which stages, run in a checkout."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from stages.runtime.errors import UserError

DVC = re.compile(r"dvc(\.exe)?|.*/dvc/__main__\.py")
STAGE = re.compile(r"stages\.\w+")
RWLOCKS = ("rwlock", "exps/rwlock")  # in .dvc/tmp: which process reads and writes what


def running_processes(root: Path) -> dict[int, str]:
    """Number and command of each: those with a working folder below the root, and those that DVC's locks name."""
    found = {}
    for process, command in commands():
        if is_pipeline(command) and checkout_of(process) == root:
            found[process.pid] = " ".join(command)
    for path in (root / ".dvc" / "tmp" / name for name in RWLOCKS):
        names = lock_holders(path) or {}
        found |= {pid: said for pid, said in names.items() if is_same_process(pid, said, path)}
    return found


def lock_holders(path: Path) -> dict[int, str] | None:
    """Number and command of each process in an rwlock of DVC; none without the file, None if it is damaged."""
    try:
        content = json.loads(path.read_bytes())
        writers = list(content.get("write", {}).values())
        readers = [reader for readers in content.get("read", {}).values() for reader in readers]
        return {int(user["pid"]): str(user["cmd"]) for user in writers + readers}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def refuse_if_busy(root: Path) -> None:
    """Raise UserError if one of them runs."""
    for pid, command in running_processes(root).items():
        raise UserError(f"process {pid} runs in this checkout ({command}); wait for its end, or `kill {pid}`")


def git_works_in(root: Path) -> bool:
    """Does a command of Git run in this checkout?"""
    names = {"git", "git.exe"}
    return any(Path(command[0]).name in names and checkout_of(process) == root for process, command in commands())


def commands() -> Iterator[tuple[psutil.Process, list[str]]]:
    """Every process that has a command, but this one."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile, or is somebody else's
            if process.pid != os.getpid() and (command := process.cmdline()):
                yield process, command


def is_pipeline(command: list[str]) -> bool:
    """Is this a command of DVC (`dvc`, `python -m dvc`) or a stage (`python -m stages.train`)?"""
    for before, word in zip(["", *command], command[:5], strict=False):
        if before == "-m":
            return word == "dvc" or bool(STAGE.fullmatch(word))
        if DVC.fullmatch(word) or DVC.fullmatch(Path(word).name):
            return True
    return False


def checkout_of(process: psutil.Process) -> Path | None:
    """The checkout that holds the working folder of a process; a copy for an experiment counts as the original."""
    try:
        folder = process.cwd()
    except psutil.Error:
        return None
    origin, copy, _ = folder.partition("/.dvc/tmp/")
    if copy:
        return Path(origin)
    return next((place for place in (Path(folder), *Path(folder).parents) if (place / ".dvc").is_dir()), None)


def is_same_process(pid: int, command: str, path: Path) -> bool:
    """Is the process with this number the one that wrote its command into the file? Numbers are reused.

    It is if it began before the file was last written and has the same arguments (the file and the system name the
    program itself differently).
    """
    try:
        process = psutil.Process(pid)
        _, _, arguments = command.partition(" ")
        older = process.create_time() <= path.stat().st_mtime + 1
        return older and " ".join(process.cmdline()).endswith(arguments)
    except psutil.AccessDenied:
        return True  # another user's: better one refusal too many
    except psutil.Error:
        return False
