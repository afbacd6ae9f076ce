"""`make verify` and `make record`, as they run: a real clone, the real pipeline, the real hashes."""

import json
import platform
import re
import sys

import pytest

from tests.pipeline.projects import Project, refusal, succeeded

RECORD = (sys.executable, "-m", "commands.verify.record")
VERIFY = (sys.executable, "-m", "commands.verify")


@pytest.fixture(scope="module")
def recorded(reproduced: Project, tmp_path_factory) -> Project:
    """The reproduced project with its environment recorded, both committed."""
    project = reproduced.copy(tmp_path_factory.mktemp("recorded") / "Ziffern für später")
    succeeded(project.run(*RECORD))
    project.git("add", "environment.json")
    project.git("commit", "--quiet", "--message=Record")
    return project


def test_the_record_names_versions_cpu_and_kernel_but_no_place_and_no_time(recorded, tmp_path):
    text = (recorded.path / "environment.json").read_text()
    record = json.loads(text)
    assert record["python"] == f"CPython {platform.python_version()}"
    assert record["packages"]["numpy"].startswith("2.")
    assert record["packages"]["dvc"].startswith("3.")
    if platform.machine() in {"x86_64", "AMD64"}:
        assert "AVX2" in record["cpu_features"].split()
        assert record["blas"]["kernel"] == "Haswell"
    assert platform.node() not in text
    assert "/" not in text
    assert not re.search(r"20\d\d-|\d\d:\d\d", text)
    assert recorded.git("status", "--porcelain") == ""
    other = {"HOME": str(tmp_path), "TZ": "Asia/Tokyo", "NETWORK_THREADS": "1", "OPENBLAS_NUM_THREADS": "2"}
    assert succeeded(recorded.run(*RECORD, "--show", env=other)) == text


@pytest.mark.slow
@pytest.mark.long
def test_what_was_made_elsewhere_is_not_recorded(reproduced, tmp_path):
    store = tmp_path / "store"
    original = reproduced.copy(tmp_path / "original")
    original.dvc("remote", "add", "--local", "store", str(store))
    original.dvc("push", "--remote", "store")
    original.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", reproduced.env)
    assert "dvc.lock does not describe the files that are here" in refusal(clone.run(*RECORD))
    clone.dvc("remote", "add", "--local", "store", str(store))
    clone.dvc("pull", "--remote", "store")
    assert "download, preprocess, train, evaluate, plot, export did not run in this checkout" in refusal(
        clone.run(*RECORD)
    )
    assert not (clone.path / "environment.json").exists()


def verified(project, env):
    """Exit code of verify, its table and verdict; without a mirror, and with no source in reach."""
    completed = project.run(*VERIFY, env={"DATASET_MIRROR": "", "https_proxy": "http://127.0.0.1:1", **env})
    assert "Traceback" not in completed.stderr
    return completed.returncode, completed.stdout + completed.stderr[-1000:] * (completed.returncode == 3)


@pytest.mark.slow
def test_a_commit_that_makes_its_own_bytes_is_a_0_and_needs_no_network(recorded, tmp_path):
    (recorded.path / "notes.txt").write_text("not committed")
    try:
        code, said = verified(recorded, {"NETWORK_THREADS": "1", "TMPDIR": str(tmp_path)})
    finally:
        (recorded.path / "notes.txt").unlink()
    assert code == 0, said
    assert "without what is not committed here: notes.txt" in said
    assert "the data set from data/raw of this checkout" in said
    assert said.count(" identical\n") >= 16
    assert "differs" not in said
    assert said.endswith("verify: every hash is the one in dvc.lock\n")
    assert list(tmp_path.iterdir()) == []
    assert recorded.git("status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names kernels of x86-64")
def test_other_bytes_by_another_kernel_are_a_2_and_explained(recorded, tmp_path):
    code, said = verified(recorded, {"OPENBLAS_CORETYPE": "Sandybridge"})
    assert code == 2, said
    assert re.search(r"^train +data/model +\w{12} +differs: \w{12}$", said, re.MULTILINE)
    assert re.search(r"^preprocess +data/preprocessed +\w{12} +identical$", said, re.MULTILINE)
    assert "blas kernel Sandybridge, recorded Haswell" in said
    assert "Another kernel or version of BLAS adds in another order" in said


@pytest.mark.slow
@pytest.mark.long
def test_other_bytes_in_the_same_environment_are_a_1_and_the_clone_can_be_kept(recorded, tmp_path):
    project = recorded.copy(tmp_path / "project")
    train = json.loads((project.path / "metrics/train.json").read_text())
    (project.path / "metrics/train.json").write_text(json.dumps({**train, "train_loss": 0.0}))
    project.dvc("commit", "--force", "train")
    project.git("commit", "--quiet", "--all", "--message=A better figure")
    kept = tmp_path / "kept"
    completed = project.run(*VERIFY, "--keep", str(kept))
    said = completed.stdout
    assert completed.returncode == 1, said
    assert re.search(r"^train +metrics/train\.json +\w{12} +differs: \w{12}$", said, re.MULTILINE)
    assert re.search(r"^metrics/train\.json +train_loss +0\.0 ", said, re.MULTILINE)
    assert said.count("differs") == 1
    assert "in an environment equal to that in environment.json" in said
    assert json.loads((kept / "clone/metrics/train.json").read_text()) == train


@pytest.mark.slow
@pytest.mark.long
def test_a_pipeline_that_fails_in_the_clone_is_a_3(recorded, tmp_path):
    project = recorded.copy(tmp_path / "project")
    project.change({"train.learning_rate": -1.0})
    project.git("commit", "--quiet", "--all", "--message=Nonsense")
    code, said = verified(project, {})
    assert code == 3
    assert "verify: the pipeline failed in the clone" in said


def test_without_a_commit_there_is_nothing_to_verify(workspace):
    completed = workspace.run(*VERIFY)
    assert completed.returncode == 3
    assert completed.stderr.startswith("verify: Git gives no commit to begin from: ")
    assert len(completed.stderr.splitlines()) == 1
