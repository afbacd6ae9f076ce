"""Which processes of DVC and Git, and which stages, work in a repository."""

import json
import os
import re
from pathlib import Path
from textwrap import shorten

import psutil

from commands.doctor.checkout import Checkout
from stages.runtime.errors import UserError

WORKING = re.compile(  # Git, but for its daemon, which stays for good; DVC, stages and sweeps
    r"((\S*/)?git(-\S+)?(?! fsmonitor--daemon)|(.* )?((\S*/)?dvc|\S*/dvc/__main__\.py)"
    r"|.* -m (dvc|stages\.\w+|commands\.sweep))( |$)"
)
RWLOCKS = ("rwlock", "exps/rwlock")  # in .dvc/tmp: which process reads and writes what


def running_processes(checkout: Checkout) -> dict[int, str]:
    """Number and command of each: those with a working folder in the repository, and those in DVC's locks."""
    places, found = checkout.places, {}
    for process in psutil.process_iter(["cmdline", "cwd", "username"]):
        command, folder, user = (process.info[key] for key in ("cmdline", "cwd", "username"))
        words = " ".join(re.sub(r"\s", "_", word) for word in (command or [])[:5])
        unknown = "" if folder else f"; perhaps: only {user} knows in which folder"
        may_write = user == "root" or checkout.root.stat().st_mode & 0o022
        here = any(Path(folder).is_relative_to(place) for place in places) if folder else may_write
        if here and WORKING.match(words) and process.pid != os.getpid():
            found[process.pid] = shorten(" ".join(command), 100, placeholder=" ...") + unknown
    for path in (place / ".dvc" / "tmp" / name for place in places for name in RWLOCKS):
        names = lock_holders(path) or {}
        found |= {pid: said for pid, said in names.items() if is_same_process(pid, said, path)}
    return found


def lock_holders(path: Path) -> dict[int, str] | None:
    """Number and command of each process in an rwlock of DVC; none if it cannot be read, None if it is damaged."""
    try:
        content = json.loads(path.read_bytes())
        writers = list(content.get("write", {}).values())
        readers = [reader for readers in content.get("read", {}).values() for reader in readers]
        return {int(user["pid"]): str(user["cmd"]) for user in writers + readers}
    except OSError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def refuse_if_busy(checkout: Checkout) -> None:
    """Raise UserError if one of them runs."""
    for pid, command in running_processes(checkout).items():
        raise UserError(f"process {pid} works in this repository ({command}); wait for its end")


def is_same_process(pid: int, command: str, path: Path) -> bool:
    """Is the process older than what the file says, with the same arguments (programs are named differently)?"""
    try:
        process = psutil.Process(pid)
        _, _, arguments = command.partition(" ")
        older = process.create_time() <= path.stat().st_mtime + 1
        return older and " ".join(process.cmdline()).endswith(arguments)
    except psutil.AccessDenied:
        return True  # another user's: better one refusal too many
    except psutil.Error:
        return False
