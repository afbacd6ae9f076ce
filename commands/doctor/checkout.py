"""A checkout, and a finding: what is wrong at one place in it, and what to do about that."""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.config import Config, ConfigError

from commands import shell
from stages.runtime.errors import UserError
from stages.runtime.params import parse


@dataclass(frozen=True)
class Finding:
    """A line: where, what is wrong, what to do.

    `fix` does it and returns what was done, or raises UserError or OSError; None: it takes a person.
    """

    where: str
    what: str
    remedy: str
    fix: Callable[[], str] | None = None


def remover(path: Path) -> Callable[[], str]:
    """A fix that removes a file or a folder."""

    def remove() -> str:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        return "removed"

    return remove


@dataclass(frozen=True)
class Checkout:
    """The folder that dvc.yaml is in."""

    root: Path

    @property
    def config(self) -> Mapping[str, Mapping[str, object]]:
        """What DVC is configured with here now, from all of its files; raises UserError where one is damaged."""
        try:
            return dict(Config(str(self.root / ".dvc")))
        except ConfigError as error:
            raise UserError(f".dvc/config or .dvc/config.local cannot be read: {error}") from None

    def setting(self, section: str, key: str) -> str:
        """One value of the configuration; empty where it is not set."""
        return str(self.config.get(section, {}).get(key) or "")

    @property
    def cache(self) -> Path:
        """Where the objects lie that are named after their MD5."""
        return Path(self.setting("cache", "dir") or self.root / ".dvc" / "cache") / "files" / "md5"

    @property
    def tmp(self) -> Path:
        """Where DVC puts what it needs while it runs."""
        return self.root / ".dvc" / "tmp"

    def relative(self, path: Path) -> str:
        """A path as a person in this checkout would write it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def git(self, *args: str) -> str | None:
        """What a command of Git says; None where it fails, or there is no Git."""
        try:
            return shell.git(*args, folder=self.root).strip()
        except UserError:
            return None

    @property
    def places(self) -> list[Path]:
        """The folders in which work counts: this one, and all worktrees of its repository, which share refs."""
        listed = self.git("worktree", "list", "--porcelain") or ""
        names = [self.git("rev-parse", "--show-toplevel"), *re.findall(r"^worktree (.*)$", listed, re.MULTILINE)]
        return [self.root, *(Path(name).resolve() for name in names if name)]

    @property
    def stages(self) -> Mapping[str, Mapping[str, Any]]:
        """The stages in dvc.yaml, which may be missing; raises UserError where it is no YAML."""
        path = self.root / "dvc.yaml"
        stages = parse(path.read_bytes(), Path(path.name)).get("stages") if path.exists() else {}
        return stages if isinstance(stages, dict) else {}
