"""A file is the published one by its bytes; every data set has what the stages want to know of it."""

import hashlib
import re
from typing import get_args

import pytest

from stages.exporting.card import SUBJECTS
from stages.formats.datasets import DATASETS, DatasetName, PublishedFile
from stages.runtime.yaml_reader import load
from tests import ROOT
from tests.stages.documented import documented

FILES = [f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]

CONTENT = b"0123456789"
FILE = PublishedFile("digits", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())

PARAMS = load((ROOT / "params.yaml").read_text("utf-8"))
NAMED = {
    "stages/formats/datasets.py: DATASETS": lambda: DATASETS,
    "stages/formats/datasets.py: DatasetName": lambda: get_args(DatasetName),
    "stages/exporting/card.py: SUBJECTS": lambda: SUBJECTS,
    "params.yaml: download.sources": lambda: PARAMS["download"]["sources"],
    "params.yaml: the comment of dataset": lambda: documented()["download.dataset"].right,
}


def test_only_the_published_bytes_match(tmp_path):
    path = tmp_path / "another name"
    assert not FILE.matches(path)
    path.write_bytes(CONTENT[:-1] + b"?")
    assert not FILE.matches(path)
    path.write_bytes(CONTENT)
    assert FILE.matches(path)


def test_a_folder_matches_nothing(tmp_path):
    assert not FILE.matches(tmp_path)


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_four_files_of_these_names_and_2_to_256_classes(name):
    dataset = DATASETS[name]
    assert [file.name for file in dataset.files] == FILES
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in dataset.files)
    images = [file.size - 16 for file in dataset.files if "images" in file.name]
    labels = [file.size - 8 for file in dataset.files if "labels" in file.name]
    assert images == [28 * 28 * n for n in labels], (
        "sizes are of unpacked files, 28 x 28 bytes an image, one a label"
    )
    assert 2 <= len(dataset.classes) <= 256
    assert len(set(dataset.classes)) == len(dataset.classes)
    for label in dataset.classes:  # no character that Markdown, HTML or matplotlib would take for more than itself
        assert label == label.strip() != "", label
        assert label.isprintable(), label
        assert not set(label) & set("|<>&$*_`\\"), label


@pytest.mark.parametrize("name", sorted({*DATASETS, *get_args(DatasetName), *SUBJECTS}))
def test_a_data_set_is_named_where_it_has_to_be(name):
    if missing := [place for place, names in NAMED.items() if name not in names()]:
        pytest.fail("\n    ".join([f"{name} is missing in", *missing]), pytrace=False)
