import os

import pytest

from stages.runtime import edits
from stages.runtime.atomic import all_or_none, write
from stages.runtime.edits import StageInputs
from stages.runtime.errors import UserError


@pytest.fixture
def started_by_dvc(tmp_path, monkeypatch):
    """This process is a stage that DVC has started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setattr(edits, "FILES", {})
    token = edits.INPUTS.set(StageInputs("train"))
    yield
    edits.INPUTS.reset(token)


def test_a_stage_whose_dvc_is_gone_writes_no_file(started_by_dvc, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(UserError, match="the dvc that started this run is gone"):
        write(tmp_path / "file", b"content")
    assert not list(tmp_path.iterdir())


def write_while_dvc_goes(path, monkeypatch):
    with all_or_none():
        write(path, b"content")
        monkeypatch.setattr(os, "getppid", lambda: 1)


def test_a_stage_whose_dvc_goes_while_it_writes_gives_no_file_its_name(started_by_dvc, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="the dvc that started this run is gone"):
        write_while_dvc_goes(tmp_path / "file", monkeypatch)
    assert not list(tmp_path.iterdir())
