"""Verify: does the commit make the bytes that dvc.lock promises? `python -m commands.verify`, or `make verify`.

Clones the commit that is checked out into a folder of its own, runs every stage there, in this environment, and
compares every hash with dvc.lock. Exit code 0: all are equal. 1: some differ, and the environment does not explain
it. 2: some differ, and so does the environment from the one in environment.json. 3: the comparison could not be
made. (make itself exits with 2 for every failure.)
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from commands.shell import DVC, clone, dvc, environment, git, head_commit, output
from commands.verify.comparison import lock_entries, table, verdict
from commands.verify.record import RECORD
from stages.formats.datasets import DATASETS
from stages.runtime.atomic import read_json
from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.params import read_all
from stages.runtime.paths import DOWNLOADS, LOCK, PARAMS, RAW

UNKNOWN = 3  # the exit code; those of a verdict are in comparison


class Parser(argparse.ArgumentParser):
    """argparse, but for its exit code, 2, which has a meaning here."""

    def error(self, message: str) -> NoReturn:
        """Raise UserError."""
        raise UserError(message)


def main() -> None:
    """Clone, run, compare, print the result; the exit code gives it too."""
    parser = Parser(prog="verify", description="Run a clean clone and compare it with dvc.lock.")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="clone into this folder, and leave it there")
    keep = parser.parse_args().keep
    if keep and keep.exists():
        raise UserError(f"{keep} exists already: --keep wants the name of a new folder")
    commit = find_commit()
    with tempfile.TemporaryDirectory(prefix="verify-") as temporary:
        folder = Path(keep or temporary).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        project = clone(commit, folder / "clone")
        recorded = lock_entries(project)
        expected = read_json(project / RECORD) if (project / RECORD).exists() else {}
        reproduce(project, data_set(project, folder))
        made = lock_entries(project)
        found = json.loads(output(sys.executable, "-m", "commands.verify.record", "--show", folder=project))
        uncommitted = set(git("diff", "--name-only", "--relative", folder=project).splitlines()) - {str(LOCK)}
        figures = dvc("metrics", "diff", folder=project)
    code, meaning = verdict(recorded, made, uncommitted, expected, found)
    say(f"\n{table(recorded, made)}\n")
    if figures:
        say(figures)
    if keep:
        say(f"verify: the clone is {keep / 'clone'}")
    say(f"verify: {meaning}")
    sys.exit(code)


def find_commit() -> str:
    """The commit that is checked out; prints which uncommitted edits it leaves out."""
    commit = head_commit()
    say(f"verify: the commit {commit[:12]}, in a clone of its own")
    if changed := git("status", "--porcelain").splitlines():
        names = ", ".join(line[3:] for line in changed[:3]) + ", ..." * (len(changed) > 3)
        say(f"verify: without what is not committed here: {names}")
    return commit


def data_set(project: Path, folder: Path) -> Mapping[str, str]:
    """What the environment needs so that the stage download finds the data set; no network where it lies here."""
    if os.environ.get("DATASET_MIRROR"):
        say("verify: the data set from DATASET_MIRROR")
        return {}
    section = read_all(project / PARAMS).get("download")
    name = str(section["dataset"]) if isinstance(section, dict) and "dataset" in section else ""
    files = DATASETS[name].files if name in DATASETS else []
    for place in (RAW, DOWNLOADS):
        paths = {file: place / (file.name if place is RAW else file.sha256) for file in files}
        if paths and all(file.matches(path) for file, path in paths.items()):
            target = folder / "mirror" / name
            target.mkdir(parents=True)
            for file, path in paths.items():
                shutil.copyfile(path, target / file.name)
            say(f"verify: the data set from {place} of this checkout (DATASET_MIRROR names another source)")
            return {"DATASET_MIRROR": str(target.parent)}
    say(f"verify: the data set from the sources in {PARAMS}")
    return {}


def reproduce(project: Path, additions: Mapping[str, str]) -> None:
    """Run every stage in the clone; raises UserError where one fails."""
    completed = subprocess.run(
        # Nothing from a cache that the configuration shares, and nothing into it.
        [*DVC, "repro", "--force", "--no-commit"],
        cwd=project,
        env={**environment(), **additions},
        check=False,
    )
    if completed.returncode:
        raise UserError("the pipeline failed in the clone; its messages stand above")


def say(text: str) -> None:
    """Print a line at once: what comes next takes long."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        run_or_exit("verify", main)
    except SystemExit as end:
        if isinstance(end.code, str):  # a UserError: neither equal nor different
            print(end.code, file=sys.stderr)  # noqa: T201
            sys.exit(UNKNOWN)
        raise
