"""What does this pipeline cost DVC when there is nothing to do? Run as `python -m benchmarks.dvc_overhead`.

Two clones of the last commit, with the files of data/ as they are here: one as it is, in the other every command
is `true`; stages, deps, outs and files are the same. `dvc repro` runs in both by turns, with nothing to do in
either. Promised: the first takes at most 1.15 times as long as the second. Run it with the Python of .venv, in a
checkout in which `dvc repro` has run.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMISED = 1.15
DVC = [sys.executable, "-m", "dvc"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="dvc_overhead")
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        ours, idle = (make_project(Path(folder, name), commands=name == "ours") for name in ("ours", "idle"))
        seconds = [(time_repro(ours), time_repro(idle)) for _ in range(rounds + 2)][2:]  # two to warm up
    ratio = statistics.median(mine / other for mine, other in seconds)
    for name, values in zip(("this pipeline", "the same with `true`"), zip(*seconds, strict=True), strict=True):
        said = f"{name}: median {statistics.median(values):.3f} s, {min(values):.3f} to {max(values):.3f} s"
        print(said)  # noqa: T201
    print(f"median of the ratios of {rounds} pairs: {ratio:.3f} (promised: at most {PROMISED})")  # noqa: T201
    sys.exit(0 if ratio <= PROMISED else 1)


def make_project(project: Path, *, commands: bool) -> Path:
    """A clone with the data of this checkout, in which `dvc repro` has nothing to do."""
    subprocess.run(["git", "clone", "--quiet", Path.cwd(), project], check=True)  # noqa: S607
    shutil.copytree("data", project / "data", dirs_exist_ok=True)
    if not commands:
        dvc_yaml = project / "dvc.yaml"
        text, found = re.subn(r"^(    cmd:) .*$", r"\1 'true'", dvc_yaml.read_text("utf-8"), flags=re.MULTILINE)
        assert found, "no command in dvc.yaml"  # noqa: S101
        dvc_yaml.write_text(text, "utf-8")
    subprocess.run([*DVC, "commit", "--quiet", "--force"], cwd=project, env=environment(), check=True)
    return project


def time_repro(project: Path) -> float:
    """Seconds of a `dvc repro` that finds nothing to do."""
    started = time.perf_counter()
    completed = subprocess.run(
        [*DVC, "repro"], cwd=project, env=environment(), capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - started
    assert "up to date" in completed.stdout, completed.stdout  # noqa: S101
    return seconds


def environment() -> dict[str, str]:
    """This environment, with its Python first: stages say `python`."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


if __name__ == "__main__":
    main()
