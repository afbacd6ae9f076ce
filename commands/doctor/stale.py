"""What a killed process leaves behind. To be checked only while nothing works in the repository."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from commands.doctor.checkout import Checkout, Finding, remover
from commands.doctor.processes import RWLOCKS, is_same_process, lock_holders
from stages.runtime.errors import UserError

LOCKED = ("refs", "logs", "objects", "info", "worktrees", "modules")  # where Git has locks, but for its own folder
# These stay after an experiment, or harm nobody: EXEC_MERGE may be all that is left of somebody's edits.
STAYING = tuple(f"refs/exps/exec/EXEC_{name} " for name in ("HEAD", "APPLY", "MERGE"))
HASH = "[0-9a-f]{40,64}"
OF_DVC = re.compile(  # what it does to a HEAD that is on no branch
    rf"commit: dvc: commit experiment .*|dvc: Restore HEAD to '{HASH}'|checkout: moving from {HASH} to {HASH}"
)
PREPARED, RUNS = 1, 2  # of DVC's TaskStatus


def locks(checkout: Checkout) -> Iterator[Finding]:
    """DVC's list of who reads and writes what: empty after an interruption, with dead processes after a kill."""
    for path in filter(Path.exists, (checkout.tmp / name for name in RWLOCKS)):
        names = lock_holders(path)
        if names is None:
            what = "is empty or damaged, so that DVC refuses everything (JSON structure is corrupted)"
        elif gone := [pid for pid, command in names.items() if not is_same_process(pid, command, path)]:
            what = f"names {', '.join(f'process {pid} ({names[pid]})' for pid in gone)}, which is gone"
        else:
            continue
        yield Finding(checkout.relative(path), what, "remove it", remover(path))


def git_locks(checkout: Checkout) -> Iterator[Finding]:
    """A killed command of Git leaves its lock, at any depth, and later ones refuse to run."""
    git = checkout.root / (checkout.git("rev-parse", "--git-common-dir") or "no Git")
    found = [*git.glob("*.lock"), *(path for name in LOCKED for path in (git / name).rglob("*.lock"))]
    for path in sorted(path.resolve() for path in found):
        what = "was left by a Git that is gone, so that Git refuses to change what it locks (File exists)"
        yield Finding(checkout.relative(path), what, "remove it", remover(path))


def experiments(checkout: Checkout) -> Iterator[Finding | str]:
    """`dvc exp run` works on a HEAD that is on no branch, and keeps in refs what it will remove at its end."""
    form = "--format=%(refname) %(objectname)"
    listed = checkout.git("for-each-ref", form, "refs/exps/exec", "refs/exps/temp") or ""
    left = [line.split() for line in listed.splitlines() if not line.startswith(STAYING)]
    head = checkout.git("rev-parse", "--verify", "HEAD")
    if head and checkout.git("symbolic-ref", "--quiet", "HEAD") is None:
        yield detached(checkout, head, killed=bool(left))

    def delete() -> str:
        for name, commit in left:
            if checkout.git("update-ref", "--no-deref", "-d", name, commit) is None:  # one points to an experiment
                raise UserError(f"Git refuses to delete {name}")
        return "removed"

    if left:
        names = ", ".join(f"{name} ({commit[:7]})" for name, commit in left)
        what = f"holds {names} of a `dvc exp run` that was killed"
        yield Finding(".git", what, "`git update-ref --no-deref -d` removes them", delete)


def detached(checkout: Checkout, head: str, *, killed: bool) -> Finding | str:
    """A finding if HEAD left a branch for its last commit's hash, as by DVC, and all since is DVC's; or a note.

    A `dvc exp run` that was killed and run again leaves no refs: then only a commit of DVC's own is a proof.
    """
    log = checkout.git("log", "--walk-reflogs", "--format=%gs", "HEAD") or ""
    first = next((entry for entry in log.splitlines() if not OF_DVC.fullmatch(entry)), "")
    move = re.fullmatch(rf"checkout: moving from (.+) to ({HASH})", first)
    branch, tip = move.groups() if move else ("BRANCH", "")
    ref = f"refs/heads/{branch}"
    elsewhere = f"branch {ref}" in (checkout.git("worktree", "list", "--porcelain") or "").splitlines()
    if elsewhere or checkout.git("rev-parse", "--verify", ref) != tip or (head == tip and not killed):
        what = "is on no branch, perhaps since a `dvc exp run` was killed, and run again"
        remedy = f"`git branch NAME` where you have committed, then `git checkout {branch}`"
        if move and checkout.git("stash", "list"):  # DVC puts edits there while it begins
            return Finding("HEAD", what, f"{remedy}, and look for edits that you miss in `git stash list`")
        return f"HEAD {what}; if so, {remedy}"

    def attach() -> str:
        if checkout.git("symbolic-ref", "HEAD", ref) is None or checkout.git("reset") is None:
            raise UserError("Git refuses; HEAD or the index may be locked")
        return f"on {branch} again; the files are as they were"

    what = "is on no branch since a `dvc exp run` was killed"
    return Finding("HEAD", what, f"`git symbolic-ref HEAD {ref}`, then `git reset`", attach)


def temporary_runs(checkout: Checkout) -> Iterator[Finding]:
    """Copies of the project in which experiments ran, a sweep's too, and files that say that one still runs."""
    folder = checkout.tmp / "exps"
    for copy in sorted([*folder.glob("tmp*"), *folder.glob("standalone/tmp*")]):
        size = sum(path.lstat().st_size for path in copy.rglob("*"))
        what = f"is the copy ({size / 1e6:,.0f} MB) of an experiment that did not come to its end"
        yield Finding(checkout.relative(copy), what, "remove it", remover(copy))
    # In exps/run the file of an experiment says "being prepared" for good, but not "runs".
    for pattern, unfinished in (("run/*/*.run", {RUNS}), ("standalone/run/*/*.run", {PREPARED, RUNS})):
        for path in sorted(folder.glob(pattern)):
            state = read(path)
            if state.get("status") not in unfinished:
                continue
            what = "says that an experiment runs, which did not come to its end"
            if state.get("location") == "dvc-task":  # asks the workers, so it is left to people
                what += f" (`dvc queue kill {state.get('name')}` has the queue call it failed)"
            yield Finding(checkout.relative(path.parent), what, "remove it", remover(path.parent))


def parts(checkout: Checkout) -> Iterator[Finding]:
    """Files that a stage was writing when it was killed; Git and DVC ignore them."""
    for folder in ("data", "metrics", "plots", ".dvc/tmp/downloads"):
        for path in sorted((checkout.root / folder).rglob("*.part")):
            what = "was being written by a stage that was killed"
            yield Finding(checkout.relative(path), what, "remove it", remover(path))


def read(path: Path) -> dict[str, object]:
    """What DVC has written of an experiment; nothing, if that cannot be read."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
