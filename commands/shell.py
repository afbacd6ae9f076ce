"""How the other commands run Git and DVC: what a command says, or a UserError that tells why it failed."""

import os
import re
import sys
from pathlib import Path
from subprocess import run
from textwrap import shorten

from stages.runtime.errors import UserError, redact_credentials

DVC = (sys.executable, "-m", "dvc")
# Variables of this checkout, or of a hook of Git, that would lead a command in another folder astray.
FOREIGN = {"DVC_ROOT", "DVC_STAGE", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE", "MPLCONFIGDIR"}


def git(*arguments: str, folder: Path | None = None) -> str:
    """What a command of Git prints, run in this folder or another one; raises UserError as `output` does."""
    return output("git", *arguments, folder=folder)


def dvc(*arguments: str, folder: Path | None = None) -> str:
    """What a command of DVC prints, likewise."""
    return output(*DVC, *arguments, folder=folder)


def output(*command: str, folder: Path | None = None) -> str:
    """What a command prints; raises UserError with the last line that it said where it fails."""
    try:
        done = run(command, cwd=folder, env=environment(), capture_output=True, errors="replace", check=False)
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not installed") from None
    if done.returncode:
        said = ["it said nothing", *(done.stderr.strip() or done.stdout.strip()).splitlines()]
        if len(said) > 2 and "failed to run: python -m stages." in said[-1]:
            said.pop()  # DVC's word for a stage whose own line stands before it
        if advice := [line.strip() for line in said if line.startswith("\tgit ")]:
            said.append(f"{said[1]}; `{advice[0]}` helps")  # a folder of another user: Git says why first
        shown = without_passwords(" ".join(command[2:] if command[:2] == DVC[:2] else command))
        raise UserError(f"`{shorten(shown, 60, placeholder=' ...')}` failed: {without_passwords(said[-1])}")
    return done.stdout


def without_passwords(text: str) -> str:
    """The text with each word that may be a URL as `redact_credentials` leaves it."""
    text = re.sub("://.*@", "://", text)
    return " ".join(redact_credentials(word) if {":", "?"} & set(word) else word for word in text.split(" "))


def head_commit() -> str:
    """The commit that is checked out; raises UserError if there is none."""
    try:
        return git("rev-parse", "--verify", "HEAD").strip()
    except UserError as error:
        raise UserError(f"Git gives no commit to begin from: {error}") from None


def clone(commit: str, folder: Path) -> Path:
    """Clone this repository into an empty folder, with a commit checked out; returns where dvc.yaml is there."""
    top, prefix = (git("rev-parse", option).rstrip("\n") for option in ("--show-toplevel", "--show-prefix"))
    git("clone", "--quiet", "--no-checkout", top, str(folder))
    git("checkout", "--quiet", "--detach", commit, folder=folder)
    return folder / prefix


def environment() -> dict[str, str]:
    """The environment of such commands: this one, with Python's own folder first, and without what is foreign.

    The import of stages has pinned the kernel of BLAS for the parameters of this checkout: stages that run
    elsewhere, or with other parameters, pin their own. A relative DATASET_MIRROR is of this folder.
    """
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    if (mirror := kept.get("DATASET_MIRROR")) and ":/" not in mirror:
        kept["DATASET_MIRROR"] = str(Path(mirror).expanduser().absolute())
    if kept.get("OPENBLAS_CORETYPE") == "Haswell":
        del kept["OPENBLAS_CORETYPE"]
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"}
