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
from stages.runtime.paths import LOCK, PARAMS, PIPELINE, PREPROCESSED
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
        """Whether the preprocessed arrays are not those in dvc.lock, as half a sentence; else nothing.

        DVC does not look into a file of the same size and time of modification again. Nothing is said of files
        that are newer than dvc.lock, which DVC does look into, or where one is missing.
        """
        files = sorted(path for path in self.deps_of_all if PREPROCESSED in path.parents)
        try:
            stages = stages_in(LOCK.read_bytes(), LOCK).values()
            locked = [out for stage in stages for out in stage.get("outs", []) if out["path"] == str(PREPROCESSED)]
            newest = max(path.stat().st_mtime_ns for path in files)
            comparable = newest <= LOCK.stat().st_mtime_ns and any(path in self.files for path in files)
        except (OSError, ValueError, UserError):
            return ""
        if not comparable or [out.get("nfiles") for out in locked] != [len(files)]:
            return ""
        others = [path for path in files if path not in self.files]
        hashes = {path: self.files[path][1] for path in files if path in self.files}
        hashes |= dict(zip(others, content_hashes(others), strict=True))
        if folder_hash(hashes) == locked[0].get("md5"):
            return ""
        return f"{PREPROCESSED} holds other bytes than dvc.lock says, and DVC has not noticed"

    def key(self, *environment: str) -> str | None:
        """The same for runs of the same result: of parameters, code, data, and what of the environment counts.

        None where dvc.yaml does not say what the stage depends on.
        """
        if not self.params or not self.files:
            return None
        hashes = {str(path): known for path, (_, known) in self.files.items() if path != PARAMS}
        text = json.dumps([self.params, hashes, environment], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_hash(hashes: Mapping[Path, str | None]) -> str:
    """The MD5 of a folder that holds these files, as in dvc.lock: that of the list of theirs."""
    listed = [{"md5": found, "relpath": path.name} for path, found in sorted(hashes.items())]
    return md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"


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
