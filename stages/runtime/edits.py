"""What a run was told to do, and whether that still stands: the parameters and the files of its stage in dvc.yaml.

DVC hashes what a stage depends on when the stage has ended. Whoever edits params.yaml, code or data meanwhile
would have dvc.lock, and DVC's cache of runs, say that the edit made the result. So each stage compares its end
with its beginning, and fails where they differ.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path

import psutil

from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.params import parse
from stages.runtime.paths import PARAMS, PIPELINE
from stages.runtime.snapshot import FILES, PARENT, mark

MISSING = object()
SAVING = 0.5  # seconds in which an editor has saved a file: meanwhile it may be half there, or not at all


class StageInputs:
    """The stage of this name in dvc.yaml, and the state of all that it depends on. Without dvc.yaml, nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        stages = parse(FILES[PIPELINE].content, PIPELINE).get("stages") if PIPELINE in FILES else {}
        stage = stages.get(name, {}) if isinstance(stages, dict) else {}
        self.outputs = [Path(path_of(out)) for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
        self.keys: list[str] = stage.get("params", [])
        self.values = values(self.keys, FILES[PARAMS].content) if PARAMS in FILES else {}
        deps = files_of([Path(dep) for dep in stage.get("deps", [])])
        self.marks = {path: FILES[path].mark if path in FILES else mark(path) for path in deps}
        self.hashes = {path: md5(FILES[path].content) if path in FILES else content_hash(path) for path in deps}
        if PARAMS in FILES:
            self.marks[PARAMS] = FILES[PARAMS].mark
        self.dvc = find_dvc(name) if "DVC_STAGE" in os.environ else None

    def changes(self) -> list[str]:
        """What differs from the beginning, each in a few words. A file whose mark still stands is not read."""
        found = []
        for path, before in self.marks.items():
            now = mark(path)
            if now == before:
                continue
            differs = self.changed_values() if path == PARAMS else self.changed_content(path)
            if not differs:
                self.marks[path] = now
            found += differs
        return found

    def changed_content(self, path: Path) -> list[str]:
        """The path of a file whose content differs; no touch, no copy of the same bytes is a change."""
        before, now = self.hashes[path], content_hash(path)
        if now == before:
            return []
        return [f"{path} {'is gone' if now is None else 'is new' if before is None else 'was edited'}"]

    def changed_values(self) -> list[str]:
        """The tracked parameters whose values differ; comments and what other stages read may change."""
        try:
            now = values(self.keys, PARAMS.read_bytes())
        except (OSError, UserError) as error:
            return [str(error)]
        return [
            f"{key} was {shown(self.values, key)} and is {shown(now, key)}"
            for key in {**self.values, **now}
            if (key in self.values, self.values.get(key)) != (key in now, now.get(key))
        ]

    def difference(self) -> str:
        """The changes as half a sentence; empty without any. A difference counts if it is there at two looks."""
        if not self.changes():
            return ""
        time.sleep(SAVING)
        changes = self.changes()
        more = f" and {len(changes) - 3} more changes" if len(changes) > 3 else ""
        return ", ".join(changes[:3]) + more

    def dvc_is_gone(self) -> bool:
        """Was the DVC that started this run killed? Then this process, or its shell, has another parent."""
        return self.dvc is not None and (os.getppid() != PARENT or find_dvc(self.name) != self.dvc)

    def remove_outputs(self) -> None:
        """Remove what a refused run made, or `dvc commit` would record it and `dvc checkout` stop at it."""
        for path in self.outputs:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


INPUTS: ContextVar[StageInputs | None] = ContextVar("what this run was told to do", default=None)


def run_stage(name: str, main: Callable[[], None]) -> None:
    """Run main as the stage of this name: it ends as `command` says, and in failure where its task has changed."""

    def whole() -> None:
        INPUTS.set(StageInputs(name))
        main()
        stop_if_edited()

    run_or_exit(name, whole)


def stop_if_edited() -> None:
    """Raise UserError if an input of this run has changed since it began, or the DVC that started it is gone."""
    stop_if_dvc_is_gone()
    told = INPUTS.get()
    if told is not None and (difference := told.difference()):
        if "DVC_STAGE" in os.environ:  # else DVC has not removed what was there before
            told.remove_outputs()
        raise UserError(
            f"{difference} since the run began, so DVC would record inputs that did not make the result; "
            "run it again; `dvc exp run --temp` works on a copy"
        )


def stop_if_dvc_is_gone() -> None:
    """Raise UserError if the DVC that started this run is gone: another may be at work on the same outputs."""
    told = INPUTS.get()
    if told is not None and told.dvc_is_gone():
        raise UserError("the dvc that started this run is gone, so it stops here; `dvc repro` starts it again")


def files_of(deps: list[Path]) -> list[Path]:
    """The files that these are or hold: DVC hashes a folder as the set of its modules (.dvcignore)."""
    return [file for dep in deps for file in (sorted(dep.rglob("*.py")) if dep.is_dir() else [dep])]


def path_of(out: str | Mapping[str, object]) -> str:
    """An output in dvc.yaml is a path, or a mapping from the path to its settings."""
    return out if isinstance(out, str) else next(iter(out))


def values(keys: list[str], content: bytes) -> dict[str, object]:
    """The parameters that are named, as in train.seed; of a section that is named, each one in it."""
    sections = parse(content, PARAMS)
    found: dict[str, object] = {}
    for key in keys:
        value: object = sections
        for part in key.split("."):
            value = value[part] if isinstance(value, dict) and part in value else None
        found |= (
            {f"{key}.{name}": item for name, item in value.items()} if isinstance(value, dict) else {key: value}
        )
    return found


def shown(found: Mapping[str, object], key: str) -> str:
    """A value as params.yaml has it."""
    return json.dumps(found[key], default=str, ensure_ascii=False) if key in found else "missing"


def md5(content: bytes) -> str:
    """The MD5 of bytes, as in dvc.lock."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def content_hash(path: Path) -> str | None:
    """The MD5 of a file, as in dvc.lock; None if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return None


def find_dvc(name: str) -> int:
    """The process of DVC: the parent of this one or, where a shell stays to run the stage's command, of that."""
    pid = PARENT
    with suppress(psutil.Error):
        while f"stages.{name}" in " ".join((process := psutil.Process(pid)).cmdline()):
            pid = process.ppid()
    return pid
