"""Is this the environment that requirements.lock describes? And one kernel of matrix multiplication for all.

Runs before any other import of a stage, so it needs the standard library alone.
"""

import os
import platform
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def check() -> None:
    """Exit with one line unless every direct dependency has exactly the version of requirements.lock."""
    if sys.version_info < (3, 11):
        sys.exit(f"{sys.executable} is Python {platform.python_version()}: 3.11 or later is needed. {REMEDY}")
    for name, wanted in locked().items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            sys.exit(f"{sys.executable} lacks {name} {wanted}, which requirements.lock asks for. {REMEDY}")
        if found != wanted:
            sys.exit(f"{sys.executable} has {name} {found}, requirements.lock asks for {wanted}. {REMEDY}")


REMEDY = (
    "Run `make repro`, or activate the environment that it built (`. .venv/bin/activate`), or install "
    "requirements.lock as the README says."
)


def locked() -> dict[str, str]:
    """Name and locked version of every direct dependency of the project."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.split(r"[<>=!~;\[ ]", dependency)[0] for dependency in dependencies}
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    versions = dict(match.groups() for line in lines if (match := re.match(r"([a-z0-9-]+)==([^ ;]+)", line)))
    return {name: versions[name.replace(".", "-")] for name in sorted(names)}


def pin_kernel() -> None:
    """Have OpenBLAS use its kernel for AVX2 on every x86-64 CPU, so that the same sums come out on all of them.

    OpenBLAS chooses its kernel when NumPy is imported, by the CPU it finds, and kernels add in different
    orders. A value that is in the environment already stays.
    """
    if platform.machine().lower() in {"x86_64", "amd64"}:
        os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
