import json

import numpy as np
import pytest

from digits.normalization import Normalization
from stages.formats import arrays
from stages.runtime.errors import UserError
from stages.runtime.paths import DATASET
from tests.stages.descriptions import description


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty project with three training images."""
    monkeypatch.chdir(tmp_path)
    arrays.write("train", np.zeros((3, 784), np.float32), np.array([0, 9, 5], np.uint8))
    return tmp_path


def test_arrays_are_read_as_they_were_written(folder):
    images, labels = arrays.read("train", 10)
    assert images.shape == (3, 784)
    assert labels.tolist() == [0, 9, 5]


def test_a_label_that_is_no_class_is_refused(folder):
    with pytest.raises(UserError, match="holds the label 9"):
        arrays.read("train", 9)


def test_images_of_another_type_are_refused(folder):
    arrays.save(arrays.paths("train")[0], np.zeros((3, 784)))
    with pytest.raises(UserError, match="float64"):
        arrays.read("train", 10)


@pytest.mark.parametrize(("key", "value"), [("images", {"train": -1}), ("background", float("nan"))])
def test_a_description_with_impossible_numbers_is_refused(folder, key, value):
    found = description(Normalization(mean=0.1, standard_deviation=0.3)).model_dump() | {key: value}
    DATASET.write_text(json.dumps(found))
    with pytest.raises(UserError, match=key):
        arrays.read_description()
