"""Is this the environment that requirements.lock describes? And one kernel of matrix multiplication for all.

Runs before any other import of a stage: until check_versions has run, it needs the standard library alone, and an
old Python can read it.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from stages.runtime.errors import UserError, outputs_hint
from stages.runtime.paths import PARAMS, TMP
from stages.runtime.snapshot import SNAPSHOT

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.lock"
REMEDY = (
    "Run `make repro` (`make clean repro` if it was that), or activate the environment it built "
    "(`. .venv/bin/activate`), or install requirements.lock as the README says."
)
if "PYTHONPATH" in os.environ:
    REMEDY = f"`unset PYTHONPATH`, whose packages come first. {REMEDY}"
KERNEL = "Haswell"  # of OpenBLAS


def check_versions() -> None:
    """Exit with one line unless every package has the version that requirements.lock names.

    Versions decide the bytes that a stage writes. Packages for another platform (lines with a marker) are
    skipped.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 (that is what is found out here)
        version = platform.python_version()
        sys.exit(f"{sys.executable} is Python {version}: 3.11 or later is needed. {REMEDY}{outputs_hint()}")
    if not REQUIREMENTS.exists():
        sys.exit(
            f"requirements.lock is missing; `git checkout -- requirements.lock` brings it back{outputs_hint()}"
        )
    for name, wanted in re.findall(r"^([a-z0-9-]+)==(\S+) \\$", REQUIREMENTS.read_text("utf-8"), re.MULTILINE):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted:
            sys.exit(
                f"{sys.executable} is not the environment of this project: {name} is {found}, requirements.lock "
                f"asks for {wanted}. {REMEDY}{outputs_hint()}"
            )


def pin_blas_kernel() -> None:
    """Have OpenBLAS use its AVX2 kernel on every x86-64 CPU, so that the same sums come out on all of them.

    OpenBLAS chooses its kernel when NumPy is imported, by the CPU it finds, and kernels add in different
    orders. A value that is in the environment already stays.
    """
    if is_kernel_pinned() and not os.environ.get("OPENBLAS_CORETYPE"):
        os.environ["OPENBLAS_CORETYPE"] = KERNEL


def is_kernel_pinned() -> bool:
    """Is this an x86-64 CPU, and does params.yaml not leave the choice to OpenBLAS?

    That is `train.blas_kernel: auto`; whatever else stands there, the stages refuse.
    """
    from stages.runtime.params import parse  # noqa: PLC0415 (needs the packages that check_versions checks)

    try:
        train = parse(SNAPSHOT[PARAMS].content).get("train")
    except (KeyError, UserError):  # there is no params.yaml, or it cannot be read
        train = None
    automatic = isinstance(train, dict) and train.get("blas_kernel") == "auto"
    return platform.machine().lower() in {"x86_64", "amd64"} and not automatic


def say_other_kernel() -> None:
    """Print a line where BLAS, which NumPy has loaded by now, runs another kernel than the pinned one."""
    from threadpoolctl import threadpool_info  # noqa: PLC0415 (only stages that compute load it)

    loaded = "".join(library.get("architecture") or "" for library in threadpool_info())
    if is_kernel_pinned() and KERNEL not in loaded:
        asked = os.environ.get("OPENBLAS_CORETYPE", KERNEL)
        hint = "" if asked == KERNEL else f"; OPENBLAS_CORETYPE is {asked}: unset it to have the same"
        line = f"BLAS adds with the kernel {loaded or '?'}, not {KERNEL}: other bytes than elsewhere{hint}"
        print(line, file=sys.stderr)  # noqa: T201


def set_font_cache() -> None:
    """Have matplotlib keep its list of fonts in the folder of the project; it would take the home folder.

    It asks for the folder when it is imported.
    """
    os.environ.setdefault("MPLCONFIGDIR", str((TMP / "matplotlib").absolute()))
