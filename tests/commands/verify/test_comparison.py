import pytest

from commands.verify.comparison import (
    DIFFERENT,
    EQUAL,
    OTHER_ENVIRONMENT,
    differences,
    lock_entries,
    table,
    verdict,
)
from stages.runtime.errors import UserError

LOCK = """
schema: '2.0'
stages:
  train:
    cmd: python -m stages.train
    deps:
    - {path: data/preprocessed/train_images.npy, hash: md5, md5: aaaa, size: 1}
    - {path: nn/layers.py, hash: md5, md5: bbbb, size: 1}
    params:
      params.yaml:
        train: {seed: 0, hidden: [512, 256]}
    outs:
    - {path: data/model, hash: md5, md5: cccc.dir, size: 1, nfiles: 1}
    - {path: metrics/train.json, hash: md5, md5: dddd, size: 1}
  evaluate:
    cmd: python -m stages.evaluate
    deps:
    - {path: data/model/model.safetensors, hash: md5, md5: eeee, size: 1}
    outs:
    - {path: metrics/test.json, hash: md5, md5: ffff, size: 1}
"""
HERE = {"python": "CPython 3.11.2", "cpu_features": "AVX2 FMA3", "packages": {"numpy": "2.4.6", "dvc": "3.67.1"}}


@pytest.fixture
def lock(tmp_path):
    """Reads dvc.lock after some words in it have been replaced."""

    def read(*replacements):
        text = LOCK
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "dvc.lock").write_text(text)
        return lock_entries(tmp_path)

    return read


def test_equal_hashes_are_equal_whatever_the_environment(lock):
    assert verdict(lock(), lock(), set(), HERE, HERE) == (EQUAL, "every hash is the one in dvc.lock")
    code, meaning = verdict(lock(), lock(), set(), HERE, {**HERE, "python": "CPython 3.12.0"})
    assert code == EQUAL
    assert "python CPython 3.12.0, recorded CPython 3.11.2" in meaning


@pytest.mark.parametrize("output", ["cccc.dir", "dddd", "ffff"])
def test_an_output_that_differs_in_an_equal_environment_is_a_1(lock, output):
    code, meaning = verdict(lock(), lock((output, "bebe")), set(), HERE, HERE)
    assert code == DIFFERENT
    assert "in an environment equal to that in environment.json" in meaning


def test_an_output_that_differs_in_another_environment_is_a_2_and_explained(lock):
    there = {**HERE, "packages": {"numpy": "2.3.5", "dvc": "3.67.1"}}
    code, meaning = verdict(lock(), lock(("dddd", "bebe")), set(), there, HERE)
    assert code == OTHER_ENVIRONMENT
    assert "packages numpy 2.4.6, recorded 2.3.5" in meaning
    assert "Versions decide bytes" in meaning
    assert "dvc 3" not in meaning


def test_an_output_that_differs_from_one_of_an_unknown_environment_is_a_2(lock):
    code, meaning = verdict(lock(), lock(("dddd", "bebe")), set(), {}, HERE)
    assert code == OTHER_ENVIRONMENT
    assert "no environment.json" in meaning


@pytest.mark.parametrize("change", [("bbbb", "bebe"), ("seed: 0", "seed: 1"), ("stages.evaluate", "stages.score")])
def test_a_lock_made_from_other_code_or_parameters_is_a_1_in_any_environment(lock, change):
    code, meaning = verdict(lock(), lock(change, ("dddd", "bebe")), set(), {}, HERE)
    assert code == DIFFERENT
    assert "dvc.lock was made from other files than the commit holds" in meaning


def test_a_commit_that_contradicts_its_own_lock_is_a_1(lock):
    code, meaning = verdict(lock(), lock(), {"metrics/test.json"}, HERE, HERE)
    assert code == DIFFERENT
    assert "(metrics/test.json)" in meaning


def test_a_stage_that_the_lock_does_not_know_is_a_1(lock):
    recorded = {key: value for key, value in lock().items() if key[0] != "evaluate"}
    code, _ = verdict(recorded, lock(), set(), HERE, HERE)
    assert code == DIFFERENT


def test_the_table_has_a_line_for_each_output_and_for_whatever_else_differs(lock):
    lines = table(lock(), lock(("dddd", "bebe"), ("aaaa", "abab"))).splitlines()
    assert [line.split() for line in lines] == [
        ["stage", "dvc.lock", "here"],
        ["train", "data/preprocessed/train_images.npy", "aaaa", "differs:", "abab"],
        ["train", "data/model", "cccc.dir", "identical"],
        ["train", "metrics/train.json", "dddd", "differs:", "bebe"],
        ["evaluate", "metrics/test.json", "ffff", "identical"],
        ["identical:", "2", "of", "3", "outputs,", "5", "of", "6", "inputs"],
    ]


def test_cpu_features_are_named_one_by_one():
    there = {**HERE, "cpu_features": "AVX2 AVX512F"}
    assert differences(there, HERE) == ["a CPU without AVX512F", "a CPU with FMA3"]


def test_a_commit_without_a_lock_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no dvc\.lock"):
        lock_entries(tmp_path)
