"""The same bits on other CPUs."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

from tests import ROOT

QEMU = shutil.which("qemu-x86_64")


def short_training(*before, **environment):
    """The hashes that tests/nn/short_training.py prints."""
    run = subprocess.run(
        [*before, sys.executable, "-m", "tests.nn.short_training"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


pytestmark = pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="promised for x86-64")


def test_numpys_own_loops_for_newer_cpus_change_no_bit():
    assert short_training() == short_training(NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR")


@pytest.mark.slow
@pytest.mark.skipif(QEMU is None, reason="needs qemu-x86_64 (Debian: qemu-user)")
def test_a_cpu_with_avx2_and_no_more_gives_the_same_bits():
    assert short_training() == short_training(str(QEMU), "-cpu", "Haswell")
