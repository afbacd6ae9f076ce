"""The packages that requirements.lock names are looked for before anything else."""

import subprocess
import sys

from tests.pipeline.projects import refusal, succeeded


def test_a_bare_python_is_told_what_it_lacks_and_what_to_do(reproduced, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    line = refusal(reproduced.run(tmp_path / "bare" / "bin" / "python", "-m", "stages.train"))
    assert " is missing, requirements.lock asks for " in line
    assert "make repro" in line


def test_packages_that_pythonpath_puts_first_are_refused_with_its_name(workspace, tmp_path):
    (tmp_path / "numpy-0.1.dist-info").mkdir()
    (tmp_path / "numpy-0.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n"
    )
    line = refusal(workspace.run(sys.executable, "-m", "commands.check", env={"PYTHONPATH": str(tmp_path)}))
    assert "numpy is 0.1, requirements.lock asks for 2." in line
    assert "`unset PYTHONPATH`" in line


def test_pictures_need_no_window_and_no_notebook(reproduced):
    # matplotlib refuses what it does not know when it is imported.
    drawing = "import stages.plot, matplotlib; print(matplotlib.get_backend())"
    kernel = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    assert succeeded(reproduced.run(sys.executable, "-c", drawing, env=kernel)) == "agg\n"


def test_another_version_than_the_locked_one_is_refused(workspace):
    lock = workspace.path / "requirements.lock"
    text = lock.read_text()
    lock.write_text(text.replace("\nnumpy==", "\nnumpy==0.", 1))
    line = refusal(workspace.stage("train"))
    assert "numpy is " in line
    assert "requirements.lock asks for 0." in line
