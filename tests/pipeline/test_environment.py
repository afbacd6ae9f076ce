"""The packages that requirements.lock names are looked for before anything else."""

import subprocess
import sys

from tests.pipeline.projects import refusal


def test_a_bare_python_is_told_what_it_lacks_and_what_to_do(reproduced, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    line = refusal(reproduced.run(tmp_path / "bare" / "bin" / "python", "-m", "stages.train"))
    assert " is missing, requirements.lock asks for " in line
    assert "make repro" in line


def test_another_version_than_the_locked_one_is_refused(workspace):
    lock = workspace.path / "requirements.lock"
    text = lock.read_text()
    lock.write_text(text.replace("\nnumpy==", "\nnumpy==0.", 1))
    line = refusal(workspace.stage("train"))
    assert "numpy is " in line
    assert "requirements.lock asks for 0." in line
