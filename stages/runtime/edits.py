"""An edit while a stage runs is never recorded: the stage fails.

DVC hashes the parameters, code and data of a stage when the stage has ended (DVC's issue 11058). After an edit in
the meantime dvc.lock, and DVC's cache of runs, would say that the edited files made the result. So each stage
compares its inputs at its end with those at its beginning, and fails where they differ.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from pathlib import Path

import psutil

from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.params import leaves, parse
from stages.runtime.paths import PARAMS, PIPELINE
from stages.runtime.snapshot import PARENT, SNAPSHOT, files_of, stat_signature

md5 = partial(hashlib.md5, usedforsecurity=False)
EDITOR_SAVE_SECONDS = 0.5  # an editor has saved a file by then; meanwhile it may be half there, or not at all


class StageInputs:
    """The parameters, code and data of a stage as they were when the run began; none where dvc.yaml is missing."""

    def __init__(self, name: str) -> None:
        self.name = name
        stages = parse(SNAPSHOT[PIPELINE].content, PIPELINE).get("stages") if PIPELINE in SNAPSHOT else {}
        stage = stages.get(name, {}) if isinstance(stages, dict) else {}
        self.outputs = [Path(path_of(out)) for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
        self.deps = [Path(dep) for dep in stage.get("deps", [])]
        self.keys: list[str] = stage.get("params", [])
        self.params = tracked_params(self.keys, SNAPSHOT[PARAMS].content) if PARAMS in SNAPSHOT else {}
        small = [path for path in SNAPSHOT if path == PARAMS or path in self.deps or path.parent in self.deps]
        data = [path for path in self.deps if path not in SNAPSHOT and not path.is_dir()]
        self.files = {path: (stat_signature(path), content_hash(path)) for path in data}  # 0.3 s for train
        self.files |= {path: (SNAPSHOT[path].signature, md5(SNAPSHOT[path].content).hexdigest()) for path in small}
        self.dvc = find_dvc(name) if "DVC_STAGE" in os.environ else None

    def changed(self) -> list[str]:
        """What differs from the beginning, each in a few words.

        A touch is no change, nor are the same bytes written again. A file with the same signature is not read.
        """
        changes = []
        for path in sorted(set(self.files).union(*map(files_of, self.deps))):
            known, before = self.files.get(path, (None, None))
            signature = stat_signature(path)
            if signature == known:
                continue
            now = content_hash(path)
            if now == before:
                self.files[path] = signature, now
            elif before is None or now is None:
                changes.append(f"{path} is {'new' if before is None else 'gone'}")
            else:
                changes += self.changed_params() if path == PARAMS else [f"{path} was edited"]
        return changes

    def changed_params(self) -> list[str]:
        """The tracked parameters whose values differ; comments and what other stages read may change."""
        try:
            before, now = self.params, tracked_params(self.keys, PARAMS.read_bytes())
        except (OSError, UserError) as error:
            return [str(error)]
        pairs = {key: (before.get(key, "missing"), now.get(key, "missing")) for key in before | now}
        return [f"{key} was {old} and is {new}" for key, (old, new) in pairs.items() if old != new]

    def describe_change(self) -> str:
        """What has changed, as half a sentence; it counts if two checks find it, EDITOR_SAVE_SECONDS apart."""
        if not self.changed():
            return ""
        time.sleep(EDITOR_SAVE_SECONDS)
        changes = self.changed()
        return ", ".join(changes[:3]) + (f" and {len(changes) - 3} more changes" if len(changes) > 3 else "")

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


INPUTS: ContextVar[StageInputs | None] = ContextVar("inputs of the stage that this process runs", default=None)


def run_stage(name: str, main: Callable[[], None]) -> None:
    """Run main as the stage of this name. It ends as `run_or_exit` says, and fails if its inputs have changed."""

    def guarded() -> None:
        INPUTS.set(StageInputs(name))
        main()
        stop_if_edited()

    run_or_exit(name, guarded)


def stop_if_edited() -> None:
    """Raise UserError if an input of this run has changed since it began, or the DVC that started it is gone."""
    stop_if_dvc_is_gone()
    inputs = INPUTS.get()
    if inputs is not None and (change := inputs.describe_change()):
        if "DVC_STAGE" in os.environ:  # else DVC has not removed what was there before
            inputs.remove_outputs()
        raise UserError(
            f"{change} since the run began, so DVC would record inputs that did not make the result; "
            "run it again; `dvc exp run --temp` works on a copy"
        )


def stop_if_dvc_is_gone() -> None:
    """Raise UserError if the DVC that started this run is gone: another may be at work on the same outputs."""
    inputs = INPUTS.get()
    if inputs is not None and inputs.dvc_is_gone():
        raise UserError("the dvc that started this run is gone, so it stops here; `dvc repro` starts it again")


def path_of(out: str | Mapping[str, object]) -> str:
    """An output in dvc.yaml is a path, or a mapping from the path to its settings."""
    return out if isinstance(out, str) else next(iter(out))


def tracked_params(keys: list[str], content: bytes) -> dict[str, str]:
    """Name (train.seed) and value, as JSON, of the parameters that a stage tracks, one by one or by section."""
    return {
        name: json.dumps(value, default=str, ensure_ascii=False)
        for name, value in leaves(parse(content, PARAMS))
        if any(f"{name}.".startswith(f"{key}.") for key in keys)
    }


def content_hash(path: Path) -> str | None:
    """The MD5 of a file, as in dvc.lock; None if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, md5).hexdigest()
    except OSError:
        return None


def find_dvc(name: str) -> int:
    """The process of DVC: the parent of this one or, where a shell stays to run the stage's command, of that."""
    pid = PARENT
    with suppress(psutil.Error):
        while f"stages.{name}" in " ".join((process := psutil.Process(pid)).cmdline()):
            pid = process.ppid()
    return pid
