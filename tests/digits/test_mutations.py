import subprocess
import sys

import pytest

from tests import ROOT
from tests.digits.mutations import MOST_SECONDS, read_all


@pytest.mark.filterwarnings("ignore")
def test_300_damaged_files_end_in_an_answer_or_a_line():
    slowest, counts = read_all(300, seed=1)
    assert slowest < MOST_SECONDS
    assert min(counts["read"], counts["bad"]) > 20
    assert not counts["more than a line"]


@pytest.mark.slow
@pytest.mark.long
def test_10000_damaged_files_do_so_in_2_seconds_and_500_megabytes():
    command = [sys.executable, "-m", "tests.digits.mutations", "10000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
