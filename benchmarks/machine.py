"""What the figures are measured on: the kind of CPU, which names the folder of its results, and the versions."""

import datetime as dt
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOAD = os.getloadavg()[0] if hasattr(os, "getloadavg") else None  # before anything was measured
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_field(name: str) -> str:
    """A line of /proc/cpuinfo; empty where there is none."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith(name)), "")


def cpu_model() -> str:
    """As the CPU calls itself."""
    model = re.sub(r"\((R|TM)\)|\bProcessor\b|\bCPU\b|@.*", "", cpu_field("model name") or platform.processor())
    return " ".join(model.split()) or "unknown"


def instructions() -> str:
    """The widest vector instructions: AVX-512, AVX2, or neither."""
    flags = cpu_field("flags").split()
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else platform.machine()


def kind() -> str:
    """The name of the folder of the results of such CPUs."""
    name = f"{cpu_model()} {instructions().replace('-', '')} {CORES} cores"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def about(versions: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The machine, the day and the commit, for a file of results."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "cpu": f"{cpu_model()}, {instructions()}",
        "cores": CORES,
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": LOAD,
        "versions": versions,
    }
