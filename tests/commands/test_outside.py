"""Commands that are run in another environment than that of the project."""

import subprocess
import sys

import pytest

from tests import ROOT

RUN = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for path in (ROOT / "commands").rglob("*.py")
    if '__name__ == "__main__"' in path.read_text("utf-8") and path.stem != "predict"  # which runs in any
)
assert len(RUN) > 5


@pytest.mark.parametrize("name", RUN)
def test_a_command_in_another_environment_says_so_in_one_line(name):
    bare = [sys.executable, "-S", "-m", name]  # -S: without the installed packages
    completed = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 1
    assert completed.stderr.count("\n") == 1
    assert "is not the environment of this project" in completed.stderr
    assert "make repro" in completed.stderr
