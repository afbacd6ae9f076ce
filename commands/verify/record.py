"""Record: the environment in which dvc.lock was made. Run as `python -m commands.verify.record`, or `make record`.

Writes environment.json, which is in Git beside dvc.lock and is no output of a stage, because many environments
give the same bytes. It holds what can decide bytes: versions, features of the CPU, the kernel of OpenBLAS that the
stages use; no time, host name or path. `make verify` compares with it.
"""

from commands.shell import dvc
from stages.runtime import yaml_reader
from stages.runtime.atomic import write_json
from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.paths import LOCK

# isort: split
# The import of stages has pinned the kernel; NumPy may come now.
import json
import platform
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy._core import _multiarray_umath  # type: ignore[attr-defined]
from threadpoolctl import threadpool_info

RECORD = Path("environment.json")


def main() -> None:
    """Write environment.json, or, with --show, only say what it would hold.

    Raises UserError unless dvc.lock was made here, of the files as they are.
    """
    environment = describe()
    if sys.argv[1:] == ["--show"]:
        print(json.dumps(environment, indent=2))  # noqa: T201
        return
    if sys.argv[1:]:
        raise UserError(f"{' '.join(sys.argv[1:])}: the only option is --show")
    refuse_foreign_lock()
    write_json(RECORD, environment)
    print(f"{RECORD} describes the environment that made {LOCK}: commit both")  # noqa: T201


def describe() -> dict[str, object]:
    """Everything in this environment that can decide the bytes that the stages write."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.system(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "machine": platform.machine(),
        "cpu_features": cpu_features(),
        "blas": blas(),
        "packages": {name: version(name) for name in direct_dependencies()},
    }


def cpu_features() -> str:
    """The CPU features that NumPy finds, such as AVX2 and AVX512F; NPY_DISABLE_CPU_FEATURES counts."""
    # numpy.show_config names them by level, X86_V3, and not all of them; numpy.show_runtime prints these.
    features: dict[str, bool] = _multiarray_umath.__cpu_features__
    return " ".join(sorted(name for name, present in features.items() if present))


def blas() -> dict[str, str | None]:
    """The library of matrix products in the stages, and its kernel (pinned by stages/runtime/environment)."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    kernel = found[0].get("architecture") if found else None  # Accelerate, for one, does not say
    return {"library": built["name"], "version": built["version"], "kernel": kernel}


def direct_dependencies() -> Iterable[str]:
    """The packages that pyproject.toml asks for; those they need themselves are in requirements.lock."""
    asked = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in asked]


def version(name: str) -> str | None:
    """The version that is installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def refuse_foreign_lock() -> None:
    """Raise UserError unless every stage in dvc.lock has run here, with the files as they are now.

    A run leaves an entry in DVC's run cache; `git pull` and `dvc pull` bring none (`dvc pull --run-cache`, and a
    cache that several checkouts share, do).
    """
    if json.loads(dvc("status", "--json") or "{}"):
        raise UserError(f"{LOCK} does not describe the files that are here (`dvc status`); run `dvc repro` first")
    if not LOCK.exists():
        raise UserError(f"there is no {LOCK}; run `dvc repro` first")
    runs = [path for path in Path(dvc("cache", "dir").strip(), "runs").glob("??/*/*") if path.is_file()]
    ran = [outputs(yaml_reader.load(path.read_text("utf-8"))) for path in runs]
    stages = yaml_reader.load(LOCK.read_text("utf-8"))["stages"]
    elsewhere = [name for name, stage in stages.items() if outputs(stage) not in ran]
    if elsewhere:
        raise UserError(
            f"{LOCK} was not made here, or not all of it: {', '.join(elsewhere)} did not run in this checkout. "
            f"`dvc repro --force` runs every stage"
        )


def outputs(stage: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """Path and hash of what a stage made, as dvc.lock and the run cache have it."""
    return {output["path"]: output["md5"] for output in stage.get("outs", [])}


if __name__ == "__main__":
    run_or_exit("record", main)
