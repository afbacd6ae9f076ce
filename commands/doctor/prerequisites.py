"""What DVC needs around the pipeline: a history in Git, and a folder for what it remembers of files."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dvc.dirs import site_cache_dir

from commands.doctor.checkout import Checkout, Finding
from commands.shell import dvc

WITHOUT_GIT = "`dvc exp`, `dvc params diff`, `dvc metrics diff` and `dvc plots diff`"


def notes(checkout: Checkout) -> Iterator[str]:
    """What DVC refuses here although nothing is wrong."""
    if checkout.setting("core", "no_scm").lower() == "true":
        yield f"core.no_scm is set: DVC works without Git, but for {WITHOUT_GIT}"
    if not str(checkout.root).isascii():
        yield (
            "the path of this checkout has letters that DVC cannot write into its configuration (ascii codec): "
            "`dvc exp run --temp` and `--queue` fail here"
        )


def history(checkout: Checkout) -> Iterator[Finding]:
    """Without Git DVC refuses everything until it is told so; without a commit, whatever compares with one."""
    if checkout.setting("core", "no_scm").lower() == "true":
        return
    if shutil.which("git") is None:
        yield Finding("git", f"is not installed; DVC refuses {WITHOUT_GIT} without it", "install it")
    elif checkout.git("rev-parse", "--git-dir") is not None:
        if checkout.git("rev-parse", "--verify", "HEAD") is None:
            yield Finding(
                ".git",
                "holds no commit yet, so that `dvc exp run` refuses (Empty git repo) and diffs are empty",
                "`git add --all && git commit -m Start`",
            )
    elif any((folder / ".git").exists() for folder in (checkout.root, *checkout.root.parents)):
        yield Finding(".git", "Git refuses to read it", "`git status` says why")
    else:

        def do_without() -> str:
            dvc("config", "--local", "core.no_scm", "true")
            return "core.no_scm is set in .dvc/config.local"

        yield Finding(
            ".git",
            "is not there, so that DVC refuses everything (not a git repository)",
            f"`git init`, or `dvc config --local core.no_scm true`, which leaves out {WITHOUT_GIT}",
            do_without,
        )


def folders(checkout: Checkout) -> Iterator[Finding]:
    """DVC writes into .dvc/tmp and, what it remembers of files, into a folder outside of the checkout."""
    what = "cannot be written, so that every DVC command fails"
    if not is_writable(checkout.tmp) or not all(os.access(path, os.W_OK) for path in checkout.tmp.glob("*")):
        yield Finding(".dvc/tmp", what, 'make it, and all in it, your own: `sudo chown -R "$USER" .dvc/tmp`')
    wanted = Path(site_cache_dir(checkout.setting("core", "site_cache_dir") or None)) / "repo"
    own = checkout.tmp / "site"

    def move() -> str:
        dvc("config", "--local", "core.site_cache_dir", str(own))
        return f"{checkout.relative(own)} is used instead, by .dvc/config.local"

    if is_writable(wanted):
        return
    if "DVC_SITE_CACHE_DIR" in os.environ or not str(own).isascii():
        remedy = "set DVC_SITE_CACHE_DIR, in the environment, to a folder that you may write"
        yield Finding(str(wanted), what, remedy)
    else:
        yield Finding(str(wanted), what, f"`dvc config --local core.site_cache_dir '{own}'`", move)


def is_writable(folder: Path) -> bool:
    """May DVC make files in this folder, or make the folder itself?"""
    place = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
