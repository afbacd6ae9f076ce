"""The inputs of a stage, hashed once as its run begins: parameters, code and data, as dvc.yaml names them.

The hashes tell whether an input is edited while the stage runs, whether an array is the one that dvc.lock names,
and which checkpoint is one of the same training.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from stages.runtime.errors import UserError, quoted
from stages.runtime.params import leaves, parse
from stages.runtime.paths import LOCK, PARAMS, PIPELINE
from stages.runtime.snapshot import SNAPSHOT, files_of, stat_signature

md5 = partial(hashlib.md5, usedforsecurity=False)
EDITOR_SAVE_SECONDS = 0.5  # an editor has saved a file by then; meanwhile it may be half there, or not at all


class StageInputs:
    """The parameters, code and data of a stage as they were when the run began; none where dvc.yaml is missing."""

    def __init__(self, name: str) -> None:
        stages = stages_in(SNAPSHOT[PIPELINE].content, PIPELINE) if PIPELINE in SNAPSHOT else {}
        stage = stages.get(name, {})
        self.outputs = [Path(path_of(out)) for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
        self.deps = [Path(dep) for dep in stage.get("deps", [])]
        self.deps_of_all = {Path(dep) for other in stages.values() for dep in other.get("deps", [])}
        self.keys: list[str] = stage.get("params", [])
        self.params = tracked_params(self.keys, SNAPSHOT[PARAMS].content) if PARAMS in SNAPSHOT else {}
        small = [path for path in SNAPSHOT if path == PARAMS or path in self.deps or path.parent in self.deps]
        data = [path for path in self.deps if path not in SNAPSHOT and not path.is_dir()]
        signatures = [stat_signature(path) for path in data]
        self.files = dict(zip(data, zip(signatures, content_hashes(data), strict=True), strict=True))
        self.files |= {path: (SNAPSHOT[path].signature, md5(SNAPSHOT[path].content).hexdigest()) for path in small}

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
        changes = {key: (old, new) for key, (old, new) in pairs.items() if old != new}
        return [f"{key} was {quoted(old)} and is {quoted(new)}" for key, (old, new) in changes.items()]

    def describe_change(self) -> str:
        """What has changed, as half a sentence; it counts if two checks find it, EDITOR_SAVE_SECONDS apart."""
        if not self.changed():
            return ""
        time.sleep(EDITOR_SAVE_SECONDS)
        changes = self.changed()
        return ", ".join(changes[:3]) + (f" and {len(changes) - 3} more changes" if len(changes) > 3 else "")

    def difference_from_lock(self) -> str:
        """Which data folder is not the one in dvc.lock, as a sentence that says what to do; else nothing.

        DVC does not look into a file of the same size and time of modification again. Only folders of which
        dvc.yaml names every file are compared: others may hold files that DVC ignores.
        """
        try:
            locked = [
                out
                for stage in stages_in(LOCK.read_bytes(), LOCK).values()
                for out in stage.get("outs", [])
                if any(Path(out["path"]) in dep.parents for dep in self.deps)
            ]
        except (OSError, UserError):  # there is none yet, or DVC says what is wrong with it
            return ""
        for out in locked:
            folder = Path(out["path"])
            files = sorted(dep for dep in self.deps_of_all if folder in dep.parents)
            if len(files) == out.get("nfiles") and self.folder_hash(folder, files) != out.get("md5"):
                return (
                    f"{folder} holds other bytes than dvc.lock says, and DVC has not noticed; "
                    f"`rm -r {folder}` and `dvc checkout {folder}` bring those back"
                )
        return ""

    def folder_hash(self, folder: Path, files: list[Path]) -> str:
        """The MD5 of a folder with these files, as in dvc.lock: that of the list of theirs."""
        unknown = [path for path in files if path not in self.files]
        found = {path: known for path, (_, known) in self.files.items()}
        found |= dict(zip(unknown, content_hashes(unknown), strict=True))
        listed = [{"md5": found[path], "relpath": path.relative_to(folder).as_posix()} for path in files]
        return md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"

    def key(self, *environment: str) -> str:
        """The same for runs of the same result: of parameters, code, data, and what of the environment counts."""
        hashes = {str(path): known for path, (_, known) in self.files.items() if path != PARAMS}
        text = json.dumps([self.params, hashes, environment], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def stages_in(content: bytes, path: Path) -> dict[str, dict[str, Any]]:
    """The stages in dvc.yaml or dvc.lock; raises UserError where that is no YAML."""
    stages = parse(content, path).get("stages")
    return stages if isinstance(stages, dict) else {}


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


def content_hashes(paths: list[Path]) -> list[str | None]:
    """The MD5 of each file, side by side."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(content_hash, paths))


def content_hash(path: Path) -> str | None:
    """The MD5 of a file, as in dvc.lock; None if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, md5).hexdigest()
    except OSError:
        return None
