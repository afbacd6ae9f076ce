import os
import platform
import subprocess
import sys

import pytest

from stages.runtime import environment
from tests import ROOT


def lock(tmp_path, monkeypatch, text):
    path = tmp_path / "requirements.lock"
    path.write_text(text)
    monkeypatch.setattr(environment, "LOCK", path)


def test_the_environment_of_the_lock_file_is_accepted():
    environment.check_versions()


def test_a_missing_package_is_named_with_what_to_do(tmp_path, monkeypatch):
    lock(tmp_path, monkeypatch, "no-such-package==1.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(SystemExit, match=r"no-such-package is missing, requirements.lock asks for 1.0. Run `make"):
        environment.check_versions()


def test_another_version_is_named(tmp_path, monkeypatch):
    lock(tmp_path, monkeypatch, "numpy==0.1 \\\n    --hash=sha256:00\n")
    with pytest.raises(SystemExit, match=r"numpy is 2\.[\d.]+, requirements.lock asks for 0.1"):
        environment.check_versions()


def test_packages_for_other_platforms_are_not_asked_for(tmp_path, monkeypatch):
    lock(tmp_path, monkeypatch, "pywin32==312 ; sys_platform == 'other' \\\n    --hash=sha256:00\n")
    environment.check_versions()


def output(code, folder=ROOT, **variables):
    """What code prints that begins by importing stages, in an environment that names no kernel."""
    clean = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    run = subprocess.run(
        [sys.executable, "-c", f"import stages; {code}"],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


on_x86_64 = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"}, reason="the kernel is pinned on x86-64"
)
KERNEL = "import numpy, threadpoolctl; print(threadpoolctl.threadpool_info()[0]['architecture'])"


@on_x86_64
def test_the_kernel_of_matrix_multiplication_is_pinned_and_the_environment_may_choose_another():
    assert output(KERNEL) == "Haswell"
    assert output(KERNEL, OPENBLAS_CORETYPE="Sandybridge") == "Sandybridge"


@on_x86_64
@pytest.mark.parametrize(("choice", "wanted"), [("haswell", "Haswell"), ("auto", "None"), ('"auto"', "None")])
def test_params_may_leave_the_choice_of_the_kernel_to_openblas(tmp_path, choice, wanted):
    (tmp_path / "params.yaml").write_text(f"train:\n  blas_kernel: {choice}  # why\n")
    assert output("import os; print(os.environ.get('OPENBLAS_CORETYPE'))", tmp_path) == wanted
