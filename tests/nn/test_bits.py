"""The same bits on every CPU."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

from tests import ROOT

# Of all x86-64 CPUs with AVX2: on one without AVX-512 to compare with itself would show nothing.
COMMITTED = (
    "af8261e1502d2419ab309db71aaf22b60995f898c99ed30a0bb4d38ac16f582e "
    "2d8f32db152e1f5d52fc917749b1aaada0d6013ae101a9c7d03218eaca5b7f4c "
    "a887467c9adaa54831e2bd8811b1598efc612c80154e6f41f6acaec7c881e8fb"
)
QEMU = shutil.which("qemu-x86_64")


def short_training(*before, **environment):
    """The hashes that tests/nn/short_training.py prints."""
    run = subprocess.run(
        [*before, sys.executable, "-m", "tests.nn.short_training"],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_CORETYPE": "Haswell"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


pytestmark = pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="promised for x86-64")


def test_a_training_gives_the_bits_that_were_committed():
    assert short_training() == COMMITTED


def test_numpys_own_loops_for_newer_cpus_change_no_bit():
    assert short_training(NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR") == COMMITTED


@pytest.mark.slow
@pytest.mark.skipif(QEMU is None, reason="needs qemu-x86_64 (Debian: qemu-user)")
def test_a_cpu_with_avx2_and_no_more_gives_the_same_bits():
    assert short_training(str(QEMU), "-cpu", "Haswell") == COMMITTED
