"""What a killed process leaves behind. To be checked only while DVC does not run in the checkout."""

import json
from collections.abc import Iterator
from pathlib import Path

from commands.doctor.checkout import Checkout, Finding, remover
from commands.doctor.processes import RWLOCKS, git_works_in, is_same_process, lock_holders
from stages.runtime.errors import UserError

STAYING = ("refs/exps/exec/EXEC_HEAD ", "refs/exps/exec/EXEC_APPLY ")  # after every experiment
RUNS = 2  # of DVC's TaskStatus
UNFINISHED = {1, RUNS}  # 1: being prepared


def locks(checkout: Checkout) -> Iterator[Finding]:
    """DVC's list of who reads and writes what: empty after an interruption, with dead processes after a kill."""
    for path in (checkout.tmp / name for name in RWLOCKS):
        if not path.exists():
            continue
        names = lock_holders(path)
        if names is None:
            what = "is empty or damaged, so that DVC refuses everything (JSON structure is corrupted)"
        elif gone := [pid for pid, command in names.items() if not is_same_process(pid, command, path)]:
            what = f"names {', '.join(f'process {pid} ({names[pid]})' for pid in gone)}, which is gone"
        else:
            continue
        yield Finding(checkout.relative(path), what, "remove it", remover(path))


def git_locks(checkout: Checkout) -> Iterator[Finding]:
    """A killed command of Git leaves its lock, and every later one refuses to run."""
    found = checkout.git("rev-parse", "--absolute-git-dir")
    if found is None or git_works_in(checkout.root):
        return
    for path in sorted(Path(found).glob("*.lock")):
        what = "was left by a Git that is gone, so that Git refuses to change anything (File exists)"
        yield Finding(checkout.relative(path), what, "remove it", remover(path))


def experiments(checkout: Checkout) -> Iterator[Finding]:
    """`dvc exp run` works on a detached HEAD, and keeps in refs what it will remove at its end."""
    form = "--format=%(refname) %(objectname:short)"
    listed = checkout.git("for-each-ref", form, "refs/exps/exec", "refs/exps/temp") or ""
    left = [line.split() for line in listed.splitlines() if not line.startswith(STAYING)]
    on_a_branch = checkout.git("symbolic-ref", "--quiet", "HEAD") is not None
    if not left:
        # While it sets an experiment aside, DVC has no ref yet, and the edits of the folder in Git's stash.
        stashed = checkout.git("stash", "list", "--format=%gd, %gs")
        if stashed and not on_a_branch:
            what = f"is on no branch, and Git's stash holds {stashed.splitlines()[0]}"
            remedy = "if a `dvc exp run` was killed as it began: `git checkout BRANCH`, then `git stash pop`"
            yield Finding("HEAD", what, remedy)
        return
    if not on_a_branch:
        yield detached(checkout)

    def delete() -> str:
        for name, _ in left:
            if checkout.git("update-ref", "-d", name) is None:
                raise UserError(f"Git refuses to delete {name}")
        return "removed"

    names = ", ".join(f"{name} ({commit})" for name, commit in left)
    commands = "; ".join(f"`git update-ref -d {name}`" for name, _ in left)
    yield Finding(".git", f"holds {names} of a `dvc exp run` that was killed", commands, delete)


def detached(checkout: Checkout) -> Finding:
    """The finding for a HEAD that is on no branch since a `dvc exp run` was killed."""
    branch = checkout.git("rev-parse", "--symbolic-full-name", "@{-1}") or ""
    what = "is on no branch since a `dvc exp run` was killed"
    if not branch.startswith("refs/heads/"):
        return Finding("HEAD", what, "`git symbolic-ref HEAD refs/heads/BRANCH`, with the branch that it was on")
    short = branch.removeprefix("refs/heads/")
    ours = checkout.git("log", "--format=%s", f"{branch}..HEAD")
    if checkout.git("merge-base", "--is-ancestor", branch, "HEAD") is None or not all(
        subject.startswith("dvc: commit experiment") for subject in (ours or "").splitlines()
    ):
        return Finding("HEAD", f"{what}, and has commits of its own", f"`git checkout {short}`, and merge them")

    def attach() -> str:
        if checkout.git("symbolic-ref", "HEAD", branch) is None or checkout.git("reset", "--quiet") is None:
            raise UserError("Git refuses; HEAD or the index may be locked")
        return f"on {short} again; the files are as they were"

    return Finding("HEAD", what, f"`git symbolic-ref HEAD {branch}`", attach)


def temporary_runs(checkout: Checkout) -> Iterator[Finding]:
    """Copies of the project in which experiments ran, a sweep's too, and files that say that one still runs."""
    folder = checkout.tmp / "exps"
    for copy in sorted([*folder.glob("tmp*"), *folder.glob("standalone/tmp*")]):
        size = sum(path.lstat().st_size for path in copy.rglob("*"))
        what = f"is the copy ({size / 1e6:,.0f} MB) of an experiment that did not come to its end"
        yield Finding(checkout.relative(copy), what, "remove it", remover(copy))
    # In exps/run the file of an experiment says "being prepared" for good, but not "runs".
    states = [path for path in sorted(folder.glob("run/*/*.run")) if read(path).get("status") == RUNS]
    alone = sorted(folder.glob("standalone/run/*/*.run"))
    states += [path for path in alone if read(path).get("status") in UNFINISHED]
    for path in states:
        what = "says that an experiment runs, which did not come to its end"
        if read(path).get("location") == "dvc-task":  # asks the workers, so it is left to people
            what += f" (`dvc queue kill {read(path).get('name')}` has the queue call it failed)"
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
