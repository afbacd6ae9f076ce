"""Copies of the project in folders of their own, in which the real `dvc` and the real stages run."""

import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML

from tests import ROOT, small

BIN = Path(sys.executable).parent

STANDARD = {  # params.yaml of the checkout may say something else, while somebody tries it
    "download.dataset": "mnist",
    "preprocess.normalization": "standard",
    "preprocess.validation_size": 10_000,
    "preprocess.seed": 0,
    "train.seed": 0,
    **{f"train.augment.{part}": 0.0 for part in ("rotation", "shear", "scale", "shift", "elastic", "thickness")},
    "train.normalization": None,
    "train.hard_fraction": 0.0,
    "train.label_smoothing": 0.0,
    "train.beta2": 0.999,
    "train.weight_decay": 0.0,
    "train.warmup": 0,
    "train.ema_decay": 0.0,
    "train.iterations": None,
    "train.optimizer": "adam",
    "train.momentum": 0.9,
    "train.schedule": "cosine",
    "train.log_every": None,
    "train.validate_every": None,
    "evaluate.views": 1,
}
SMALL = {
    **STANDARD,
    "preprocess.validation_size": 100,
    "train.hidden": [32],
    "train.epochs": 3,
    "train.batch_size": 50,
    "train.learning_rate": 0.0002,  # few enough are learned that there are mistakes to draw
    "evaluate.batch_size": 64,
    "plot.misclassified": 10,
    "plot.first_layer": 9,
}
MADE = ("data", "metrics", "plots")  # where the stages write
REMOVED = object()  # as a value of Project.change: the key goes away

Completed = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Project:
    """A copy of the project, and the environment in which its commands run."""

    path: Path
    env: Mapping[str, str]

    def run(
        self, *command: str | Path, file_size: int | None = None, env: Mapping[str, str] = MappingProxyType({})
    ) -> Completed:
        """What a command did; no file that it writes may grow over `file_size` bytes."""

        def limit() -> None:
            if file_size is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

        return subprocess.run(
            command,
            cwd=self.path,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            preexec_fn=limit,
            check=False,
        )

    def git(self, *args: str) -> str:
        """What a git command that succeeds says."""
        return succeeded(self.run("git", *args))

    def dvc(self, *args: str) -> str:
        """What a dvc command that succeeds says."""
        return succeeded(self.run(sys.executable, "-m", "dvc", *args))

    def stage(
        self, name: str, *, file_size: int | None = None, env: Mapping[str, str] = MappingProxyType({})
    ) -> Completed:
        """What a stage did, run without dvc."""
        return self.run(sys.executable, "-m", f"stages.{name}", file_size=file_size, env=env)

    def change(self, values: Mapping[str, object]) -> None:
        """Give parameters, named as in train.seed, other values, or remove them."""
        yaml = YAML()
        content = yaml.load((self.path / "params.yaml").read_text("utf-8"))
        for name, value in values.items():
            *sections, key = name.split(".")
            place = content
            for section in sections:
                place = place[section]
            if value is REMOVED:
                del place[key]
            else:
                place[key] = value
        with (self.path / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(content, file)

    def found(self, name: str) -> dict[str, Any]:
        """What metrics/train.json says, or, of validation and test, all that evaluate found on those images."""
        folder = "metrics" if name == "train" else "data/predictions"
        return json.loads((self.path / folder / f"{name}.json").read_text("utf-8"))  # type: ignore[no-any-return]

    def made(self) -> dict[str, str]:
        """Path and hash of every file where the stages write, and of dvc.lock."""
        paths = [path for folder in MADE for path in (self.path / folder).rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.path)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in [*paths, self.path / "dvc.lock"]
            if path.exists()
        }

    def copy(self, path: Path, *, without: Iterable[str] = ()) -> "Project":
        """The same project elsewhere, but for some of its files and folders."""
        # .dvc/tmp names locks and paths of the original.
        left = {self.path / name for name in (".dvc/tmp", *without)}
        shutil.copytree(
            self.path, path, ignore=lambda folder, names: [name for name in names if Path(folder, name) in left]
        )
        return Project(path, self.env)


def succeeded(completed: Completed) -> str:
    """What the command said; fails unless it exited with 0 and without a warning."""
    said = completed.stdout + completed.stderr
    assert completed.returncode == 0, f"{completed.args} exited with {completed.returncode}:\n{said}"
    assert "Traceback" not in said, said
    assert "Warning" not in said, said
    return said


def refusal(completed: Completed) -> str:
    """The one line with which a stage or command said what is wrong."""
    said = f"{completed.args} exited with {completed.returncode}:\n{completed.stdout}{completed.stderr}"
    assert completed.returncode == 1, said
    lines = completed.stderr.splitlines()
    assert len(lines) == 1, said
    assert "Traceback" not in said
    return lines[0]


def stages_run(said: str) -> list[str]:
    """The stages that `dvc repro` or `dvc exp run` says it ran, in order."""
    return re.findall(r"^> python -m stages\.(\w+)$", said, re.MULTILINE)


def environment(folder: Path) -> dict[str, str]:
    """This environment without what would reach into a test, and with what dvc and git keep in `folder`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {
        **ours,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "DATASET_MIRROR": str(folder / "mirror"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / "site"),
        "DVC_GLOBAL_CONFIG_DIR": str(folder / "global"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder / "system"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
        "MPLCONFIGDIR": str(
            folder / "matplotlib"
        ),  # matplotlib lists the fonts of the machine once, not once a test
    }


FOREIGN = (
    "COLUMNS", "DATASET_", "DVC_", "GIT_", "MKL_", "MPL", "NETWORK_", "OMP_", "OPENBLAS_", "PYTEST_", "PYTHON",
    "TQDM_",
)  # fmt: skip


def copy_checkout(path: Path) -> None:
    """The files of the checkout as they are now, without what the stages have made there."""
    for name in files_of_checkout():
        made = name in {"dvc.lock", "environment.json"} or Path(name).parts[0] in {"metrics", "plots"}
        if not made and (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)


def files_of_checkout() -> Iterable[str]:
    """The files that git tracks, or would if they were added; without git, all but what is known to be made."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return sorted({name for name in listed.split("\0") if name})
    ignored = {".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", "dvc_plots"}
    return sorted(
        str(path.relative_to(ROOT))
        for folder, folders, names in walk(ROOT, ignored)
        for path in (folder / name for name in names)
        if path.relative_to(ROOT).parts[0] != "data" or path.name == ".gitignore"
        if path.relative_to(ROOT).parts[:2] not in {(".dvc", "cache"), (".dvc", "tmp")}
    )


def walk(root: Path, ignored: set[str]) -> Iterable[tuple[Path, Sequence[str], Sequence[str]]]:
    """The folders below root but the ignored ones: each with its folders and files."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ignored]
        yield Path(folder), folders, names


def new(path: Path, env: Mapping[str, str]) -> Project:
    """The checkout as a project of its own, that takes the small data set and has small parameters; no git."""
    copy_checkout(path)
    small.install(path)
    project = Project(path, env)
    project.change(SMALL)
    return project
