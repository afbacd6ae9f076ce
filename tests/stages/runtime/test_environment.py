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
    monkeypatch.setattr(environment, "REQUIREMENTS", path)


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


COMPUTE = "import sys; sys.stderr = sys.stdout; import numpy; stages.environment.say_other_kernel()"


@on_x86_64
def test_another_kernel_than_the_pinned_one_is_a_line(tmp_path):
    said = output(COMPUTE, OPENBLAS_CORETYPE="Sandybridge")
    assert said.startswith("BLAS adds with the kernel Sandybridge, not Haswell: other bytes than elsewhere; ")
    assert said.endswith("OPENBLAS_CORETYPE is Sandybridge: unset it to have the same")
    for same in ("", "haswell"):
        assert output(COMPUTE, OPENBLAS_CORETYPE=same) == ""
    (tmp_path / "params.yaml").write_text("train: {blas_kernel: auto}")
    assert output(COMPUTE, tmp_path, OPENBLAS_CORETYPE="Sandybridge") == ""


CHOICES = {
    "train: {blas_kernel: haswell}": "Haswell",
    "train: {blas_kernel: auto}": "None",
    "train:\n  blas_kernel: auto  # why": "None",
    "'train': {'blas_kernel': \"auto\"}": "None",
    "# blas_kernel: auto\ntrain:\n  blas_kernel: haswell  # or blas_kernel: auto": "Haswell",
    "train: {blas_kernel: haswell}\nplot: {blas_kernel: auto}": "Haswell",
    "train: {augment: {blas_kernel: auto}}": "Haswell",
    "blas_kernel: auto": "Haswell",
    "train: {blas_kernel: auto": "Haswell",  # no YAML
    "train": "Haswell",
}


@on_x86_64
@pytest.mark.parametrize(("text", "wanted"), CHOICES.items())
def test_train_blas_kernel_auto_alone_leaves_the_choice_of_the_kernel_to_openblas(tmp_path, text, wanted):
    (tmp_path / "params.yaml").write_text(text)
    code = "import os, sys; print(os.environ.get('OPENBLAS_CORETYPE'), 'numpy' in sys.modules)"
    assert output(code, tmp_path) == f"{wanted} False"
