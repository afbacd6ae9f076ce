"""The objects in DVC's cache: each is named after its MD5, and dvc.lock names those that make up a result."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from commands.doctor.checkout import Checkout, Finding, remover
from commands.doctor.lockfile import locked_stages
from commands.shell import dvc
from stages.runtime.errors import UserError
from stages.runtime.inputs import content_hash, path_of

NAME = re.compile(r"[0-9a-f]{30}(\.dir)?")


def damaged(checkout: Checkout) -> Iterator[Finding]:
    """Objects whose MD5 is not their name: DVC trusts read-only files without hashing them.

    What DVC has copied into the workspace from such an object is damaged too, and DVC does not notice.
    """
    damaged_by_md5: dict[str, list[Path]] = {}  # the MD5 that they have now; several may be empty
    for path in tqdm(objects(checkout.cache), desc="cache", unit="object", leave=False, disable=None):
        found = content_hash(path)
        if found is not None and found != path.parent.name + path.name.removesuffix(".dir"):
            damaged_by_md5.setdefault(found, []).append(path)
    for path in sorted(path for paths in damaged_by_md5.values() for path in paths):
        what = "is damaged: its MD5 is not its name, and DVC would restore it without a warning"
        yield Finding(checkout.relative(path), what, "remove it, then `dvc repro`", remover(path))
    if not damaged_by_md5:
        return
    for path in outputs(checkout):
        if path.is_file() and (found := content_hash(path)) in damaged_by_md5:
            original = damaged_by_md5[found][0]
            what = f"is a copy of the damaged {original.parent.name}/{original.name}"
            yield Finding(checkout.relative(path), what, "remove it, then `dvc repro`", remover(path))


def missing(checkout: Checkout) -> Iterator[Finding]:
    """Outputs in dvc.lock that the cache lacks: fetched if a default remote is set, else made again."""
    lacking = missing_outputs(checkout)
    if not lacking:
        return
    what = f"lacks {', '.join(lacking)}, which dvc.lock names"
    where = checkout.relative(checkout.cache)
    remotes = list(checkout.config.get("remote", {}))
    if not checkout.setting("core", "remote"):
        fetch = f"`dvc fetch --remote {remotes[0]}`, or " if remotes else ""
        yield Finding(where, what, f"{fetch}`dvc repro` makes it again")
        return

    def fetch_all() -> str:
        dvc("fetch")
        if still := missing_outputs(checkout):
            raise UserError(f"the remote does not have {', '.join(still)} either; `dvc repro` makes it again")
        return "fetched"

    yield Finding(where, what, "`dvc fetch`", fetch_all)


def objects(cache: Path) -> list[Path]:
    """Every object, without the unfinished files of DVC."""
    return sorted(path for path in cache.glob("??/*") if NAME.fullmatch(path.name))


def cached_outputs(stage: Mapping[str, Any]) -> list[str]:
    """The outputs of a stage in dvc.yaml that the cache keeps."""
    outs = stage.get("outs", [])
    return [path_of(out) for out in outs if isinstance(out, str) or out[path_of(out)].get("cache", True)]


def outputs(checkout: Checkout) -> list[Path]:
    """The files in the workspace that the cache keeps a copy of."""
    outs = [checkout.root / out for stage in checkout.stages.values() for out in cached_outputs(stage)]
    return sorted(path for out in outs for path in ([out] if out.is_file() else out.rglob("*")))


def missing_outputs(checkout: Checkout) -> list[str]:
    """The outputs of which the cache lacks an object."""
    wanted = {out for stage in checkout.stages.values() for out in cached_outputs(stage)}
    lock = checkout.root / "dvc.lock"
    stages = locked_stages(lock.read_bytes()) if lock.exists() else None
    locked = [out for stage in (stages or {}).values() for out in stage.get("outs", []) if "md5" in out]
    return [
        str(out["path"])
        for out in locked
        if out["path"] in wanted
        and not all(path.exists() for path in object_paths(checkout.cache, str(out["md5"])))
    ]


def object_paths(cache: Path, md5: str) -> Iterator[Path]:
    """Paths of the objects of an output: one for a file; for a folder its list, and one for each file on it."""
    path = cache / md5[:2] / md5[2:]
    yield path
    if md5.endswith(".dir") and path.exists():
        try:
            listed = [str(entry["md5"]) for entry in json.loads(path.read_bytes())]
        except (ValueError, KeyError, TypeError):  # `damaged` reports it
            return
        yield from (cache / name[:2] / name[2:] for name in listed)
