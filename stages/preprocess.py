"""Preprocess: normalize the images, and split the validation images off the training images.

Run as `python -m stages.preprocess`. Reads data/raw, writes data/preprocessed.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits.normalization import Normalization
from nn.random_streams import Purpose, stream
from stages.formats import arrays, idx
from stages.formats.datasets import DATASETS, DatasetName
from stages.runtime.atomic import all_or_none
from stages.runtime.errors import UserError
from stages.runtime.params import read_all, validate
from stages.runtime.paths import RAW
from stages.runtime.stage import run_stage
from stages.settings.download import DatasetSettings
from stages.settings.preprocess import Preprocess

UNIT = Normalization(mean=0.0, standard_deviation=1.0)

Positions = NDArray[np.int64]


def main() -> None:
    """The stage: params.yaml and data/raw in; data/preprocessed out."""
    sections = read_all()
    params = validate("preprocess", sections, Preprocess)
    dataset = validate("download", sections, DatasetSettings).dataset

    images, labels = read_pair("train")
    test_images, test_labels = read_pair("t10k")
    verify(dataset)
    if not len(images) or not len(test_images):
        raise UserError(
            f"{dataset} has {len(images)} training and {len(test_images)} test images: both are needed"
        )
    classes = list(DATASETS[dataset].classes)
    for name, found in (("train", labels), ("t10k", test_labels)):
        check_labels(name, found, dataset, len(classes))
    if params.validation_size >= len(images):
        raise UserError(
            f"params.yaml: preprocess.validation_size is {params.validation_size}: "
            f"should be less than the {len(images)} training images"
        )

    validation = stratified_split(labels, params.validation_size, params.seed)
    train = np.setdiff1d(np.arange(len(labels)), validation)
    normalization = standardization(images[train]) if params.normalization == "standard" else UNIT
    table = lookup_table(normalization)
    splits: dict[arrays.Split, tuple[idx.Bytes, idx.Bytes]] = {
        "train": (images[train], labels[train]),
        "validation": (images[validation], labels[validation]),
        "test": (test_images, test_labels),
    }
    per_class = {split: np.bincount(y, minlength=len(classes)).tolist() for split, (_, y) in splits.items()}
    description = arrays.DatasetDescription(
        dataset=dataset,
        classes=classes,
        images={split: sum(counts) for split, counts in per_class.items()},
        images_per_class=per_class,
        normalization=normalization,
        background=float(table[0]),
        split_sha256=hashlib.sha256(validation.astype("<u4").tobytes()).hexdigest(),
    )
    with all_or_none():
        for split, (split_images, split_labels) in splits.items():
            arrays.write(split, table[split_images.reshape(-1, arrays.PIXELS)], split_labels)
        arrays.write_description(description)


def read_pair(name: str) -> tuple[idx.Bytes, idx.Bytes]:
    """Images and labels of `train` or `t10k`; raises UserError where they are damaged or differ in number."""
    images_path, labels_path = RAW / f"{name}-images-idx3-ubyte", labels_file(name)
    images, labels = idx.read_images(images_path), idx.read_labels(labels_path)
    if len(images) != len(labels):
        raise idx.damaged(labels_path, f"it has {len(labels)} labels for {len(images)} images")
    return images, labels


def labels_file(name: str) -> Path:
    """The file of the labels of `train` or `t10k`."""
    return RAW / f"{name}-labels-idx1-ubyte"


def verify(dataset: DatasetName) -> None:
    """Raise UserError unless data/raw holds the published bytes: a file edited by hand is no data set."""
    for file in DATASETS[dataset].files:
        if not file.matches(RAW / file.name):
            raise idx.damaged(RAW / file.name, f"it is not the published file of {dataset}")


def check_labels(name: str, labels: idx.Bytes, dataset: DatasetName, classes: int) -> None:
    """Raise UserError where a label of the published files is beyond the classes: some have no name."""
    beyond = np.flatnonzero(labels >= classes)
    if len(beyond):
        raise UserError(
            f"label {beyond[0]} in {labels_file(name)} is {labels[beyond[0]]}, and {dataset} has {classes} "
            f"classes, 0 to {classes - 1}: in stages/formats/datasets.py the names of some are missing"
        )


def stratified_split(labels: idx.Bytes, size: int, seed: int) -> Positions:
    """Positions of `size` validation images, sorted; the same share of each class, drawn by seed and class.

    Shares are rounded down, and the classes with the largest remainders get one more.
    """
    counts = np.bincount(labels)
    quota, remainder = np.divmod(counts * size, max(len(labels), 1))
    quota[np.argsort(-remainder, kind="stable")[: size - quota.sum()]] += 1
    drawn = [
        stream(seed, Purpose.SPLIT, label).permutation(np.flatnonzero(labels == label))[:n]
        for label, n in enumerate(quota)
    ]
    return np.sort(np.concatenate(drawn))


def standardization(images: idx.Bytes) -> Normalization:
    """Mean and standard deviation of pixel / 255, from the histogram: sums of integers, exact in any order."""
    histogram = np.bincount(images.reshape(-1), minlength=256)
    values = np.arange(256)
    total, n = int(histogram @ values), images.size
    variance = (n * int(histogram @ values**2) - total**2) / n**2
    if variance == 0:
        raise UserError("all training pixels are equal; preprocess.normalization should be unit")
    return Normalization(mean=total / n / 255, standard_deviation=variance**0.5 / 255)


def lookup_table(normalization: Normalization) -> NDArray[np.float32]:
    """The normalized value of each of the 256 pixel values, computed in float64 and then rounded to float32."""
    pixels = np.arange(256) / 255
    return ((pixels - normalization.mean) / normalization.standard_deviation).astype(np.float32)


if __name__ == "__main__":
    run_stage("preprocess", main)
