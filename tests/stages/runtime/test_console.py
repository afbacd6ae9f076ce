import subprocess
import sys

import pytest

from tests import ROOT

CODE = """
import os, sys
from stages.runtime import console
console.make_unfailing()
for number in range(20000):
    print("a line for nobody")
    print("another", file=sys.stderr)
os.write(int(sys.argv[1]), b"done")
"""
WHERE = {
    "a pipe that is closed": "{command} 3>out | head -1",
    "no standard output": "{command} 3>out >&-",
    "no standard error": "{command} 3>out 2>&-",
    "neither": "{command} 3>out >&- 2>&- <&-",
    "a full disk": "{command} 3>out >/dev/full 2>/dev/full",
}


@pytest.mark.parametrize("line", WHERE.values(), ids=WHERE)
def test_what_nobody_can_read_is_dropped_and_the_rest_is_done(tmp_path, line):
    (tmp_path / "code.py").write_text(CODE)
    command = f"PYTHONPATH='{ROOT}' '{sys.executable}' code.py 3"
    subprocess.run(["sh", "-c", line.format(command=command)], cwd=tmp_path, check=False, capture_output=True)
    assert (tmp_path / "out").read_text() == "done"


def test_a_file_that_is_opened_never_gets_the_number_of_a_closed_stream(tmp_path):
    code = "from stages.runtime import console; console.make_unfailing(); print(open('x', 'w').fileno() > 2)"
    line = f"PYTHONPATH='{ROOT}' '{sys.executable}' -c \"{code}\" 2>&- <&-"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
