import re
import shutil
import subprocess
import sys

import pytest
from dvc.utils.serialize import modify_yaml

from commands import check
from stages.runtime.errors import UserError
from tests import ROOT


@pytest.fixture
def params(tmp_path, monkeypatch):
    """A copy of params.yaml in the current folder."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "params.yaml"


def test_the_committed_parameters_are_valid(params):
    check.main()


def test_every_mistake_in_the_file_is_named_in_a_line_of_its_own(params):
    text = params.read_text()
    text = re.sub(r"(?<=  dataset: )\S+", "mnists", text)
    params.write_text(text.replace("width: 800", "widht: 800"))
    with pytest.raises(UserError) as caught:
        check.main()
    lines = str(caught.value).splitlines()
    assert "download.dataset is \"mnists\": input should be 'mnist'" in lines[0]
    assert "plot.width is missing" in lines[1]
    assert "plot.widht is no known key; did you mean width?" in lines[1]


def test_a_section_that_nobody_reads_is_named(params):
    params.write_text(params.read_text() + "\ntrian:\n  seed: 0\n")
    with pytest.raises(UserError, match="the section trian is not known; did you mean train"):
        check.main()


def test_a_folder_that_dvc_cannot_write_is_named_with_what_to_do(params):
    (params.parent / ".dvc").mkdir()
    check.main()  # DVC makes the folder itself
    (params.parent / ".dvc" / "tmp").touch(0o644)  # that root may write, too
    with pytest.raises(UserError, match=r"^\.dvc/tmp cannot be written, .* make it yours, or work in a clone"):
        check.main()


def test_a_file_of_something_else_is_a_few_lines(params):
    params.write_text("\n".join(f"http://me:secret@host/{number}: 1" for number in range(2000)))
    with pytest.raises(UserError) as caught:
        check.main()
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("params.yaml: the section http://host/0 is not known; ")
    assert lines[5] == f"and {2000 + len(check.SECTIONS) - 5} more mistakes"  # every section is missing
    assert "secret" not in str(caught.value)


def test_the_committed_parameters_are_in_the_form_in_which_dvc_writes_them(params):
    # So `dvc exp run -S KEY=VALUE`, which writes the file anew, changes the lines of its value and no others.
    before = params.read_text("utf-8")
    with modify_yaml(params):
        pass
    assert params.read_text("utf-8") == before


def test_the_check_imports_nothing_heavy():
    # It runs before every `make repro`.
    code = "import sys, commands.check; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "pydantic" in done.stdout.split()
    assert {"numpy", "matplotlib", "PIL", "requests", "dvc", "nn"}.isdisjoint(done.stdout.split())
