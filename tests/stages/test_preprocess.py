import numpy as np
import pytest

from digits.normalization import Normalization
from stages import preprocess
from stages.runtime.errors import UserError
from tests.stages.descriptions import description


@pytest.fixture
def labels(rng):
    """Labels of ten classes in unequal numbers, 60 to 150 each."""
    return rng.permutation(np.repeat(np.arange(10, dtype=np.uint8), np.arange(60, 160, 10)))


def test_each_class_gives_the_same_share_to_the_validation_images(labels):
    validation = preprocess.stratified_split(labels, 200, seed=0)
    counts = np.bincount(labels[validation], minlength=10)
    shares = np.bincount(labels) * 200 / len(labels)
    assert counts.sum() == 200
    assert (np.abs(counts - shares) < 1).all()


@pytest.mark.parametrize("size", [0, 1, 9, 101, 1049])
def test_the_split_has_exactly_the_size_asked_for(labels, size):
    validation = preprocess.stratified_split(labels, size, seed=0)
    assert len(np.unique(validation)) == size


def test_the_split_depends_on_the_seed_alone(labels):
    first = preprocess.stratified_split(labels, 200, seed=0)
    assert (first == preprocess.stratified_split(labels, 200, seed=0)).all()
    assert (first != preprocess.stratified_split(labels, 200, seed=1)).any()
    assert (np.diff(first) > 0).all()


@pytest.mark.parametrize("classes", [2, 10, 256])
def test_a_label_beyond_the_classes_is_refused_with_its_place(classes):
    labels = np.array([0, classes - 1, 1], np.uint8)
    preprocess.check_labels("train", labels, "mnist", classes)
    with pytest.raises(
        UserError, match=rf"^label 1 in .*train-labels.* is {classes - 1}, and mnist has {classes - 1} "
    ):
        preprocess.check_labels("train", labels, "mnist", classes - 1)


def test_a_class_without_training_images_gives_none_to_the_validation_images(rng):
    labels = rng.choice(np.array([0, 3, 11], np.uint8), 100)
    validation = preprocess.stratified_split(labels, 30, seed=0)
    assert set(labels[validation]) == {0, 3, 11}


def test_mean_and_deviation_are_those_of_the_pixels(rng):
    images = rng.integers(256, size=(50, 28, 28), dtype=np.uint8)
    normalization = preprocess.standardization(images)
    assert normalization.mean == pytest.approx(np.mean(images / 255), rel=1e-12)
    assert normalization.standard_deviation == pytest.approx(np.std(images / 255), rel=1e-12)


def test_normalized_pixels_have_mean_zero_and_deviation_one(rng):
    images = rng.integers(256, size=(50, 28, 28), dtype=np.uint8)
    x = preprocess.lookup_table(preprocess.standardization(images))[images]
    assert x.dtype == np.float32
    assert np.mean(x, dtype=float) == pytest.approx(0, abs=1e-6)
    assert np.std(x, dtype=float) == pytest.approx(1, rel=1e-6)


def test_unit_normalization_runs_from_zero_to_one():
    table = preprocess.lookup_table(preprocess.UNIT)
    assert table[0] == 0
    assert table[255] == 1


def test_images_of_one_color_have_no_deviation_and_are_refused():
    images = np.full((5, 28, 28), 7, np.uint8)
    with pytest.raises(UserError, match="all training pixels are equal"):
        preprocess.standardization(images)


@pytest.mark.parametrize("normalization", [preprocess.UNIT, Normalization(mean=0.13, standard_deviation=0.31)])
def test_full_ink_is_what_the_largest_pixel_becomes(normalization):
    table = preprocess.lookup_table(normalization)
    assert description(normalization).ink == pytest.approx(table[255], rel=1e-6)
