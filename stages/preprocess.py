"""Preprocess: from the published files to normalized arrays, and a validation part split off the training images.

Run as `python -m stages.preprocess`. Reads data/raw, writes data/preprocessed.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from nn.random_streams import Purpose, stream
from stages.formats import arrays, idx
from stages.formats.datasets import DATASETS, DatasetName
from stages.runtime.atomic import all_or_none
from stages.runtime.edits import run_stage
from stages.runtime.errors import UserError
from stages.runtime.params import read_all, validate
from stages.runtime.paths import RAW
from stages.settings.download import DatasetSettings
from stages.settings.preprocess import Preprocess

Positions = NDArray[np.int64]


def main() -> None:
    """The stage: params.yaml and data/raw in, data/preprocessed out."""
    sections = read_all()
    params = validate("preprocess", sections, Preprocess)
    dataset = validate("download", sections, DatasetSettings).dataset

    images, labels = read_pair("train")
    test_images, test_labels = read_pair("t10k")
    verify(dataset)
    if params.validation_size >= len(images):
        raise UserError(
            f"params.yaml: preprocess.validation_size is {params.validation_size}: "
            f"should be less than the {len(images)} training images"
        )

    validation = stratified_split(labels, params.validation_size, params.seed)
    train = np.setdiff1d(np.arange(len(labels)), validation)
    normalization = statistics(images[train]) if params.normalization == "standard" else UNIT
    table = normalized_pixels(normalization)

    parts: dict[arrays.Split, tuple[idx.Bytes, idx.Bytes]] = {
        "train": (images[train], labels[train]),
        "validation": (images[validation], labels[validation]),
        "test": (test_images, test_labels),
    }
    with all_or_none():
        for name, (pixels, numbers) in parts.items():
            arrays.write(name, table[pixels.reshape(len(pixels), arrays.PIXELS)], numbers)
        arrays.write_description(
            arrays.DatasetDescription(
                dataset=dataset,
                classes=list(DATASETS[dataset].classes),
                images={name: len(numbers) for name, (_, numbers) in parts.items()},
                images_per_class={name: count(numbers) for name, (_, numbers) in parts.items()},
                normalization=normalization,
                background=float(table[0]),
                split_sha256=hashlib.sha256(validation.astype("<u4").tobytes()).hexdigest(),
            )
        )


def read_pair(name: str) -> tuple[idx.Bytes, idx.Bytes]:
    """Images and labels of `train` or `t10k`; raises UserError where they are damaged or of unequal number."""
    images_path, labels_path = RAW / f"{name}-images-idx3-ubyte", RAW / f"{name}-labels-idx1-ubyte"
    images, labels = idx.read_images(images_path), idx.read_labels(labels_path)
    if len(images) != len(labels):
        raise idx.damaged(labels_path, f"it has {len(labels)} labels for {len(images)} images")
    return images, labels


def verify(dataset: DatasetName) -> None:
    """Raise UserError unless data/raw holds the published bytes: a file edited by hand is no data set."""
    for file in DATASETS[dataset].files:
        if not file.matches(RAW / file.name):
            raise idx.damaged(RAW / file.name, f"it is not the published file of {dataset}")


def stratified_split(labels: idx.Bytes, size: int, seed: int) -> Positions:
    """Positions of `size` validation images, sorted: of each class the same share, drawn by seed and class.

    Shares are rounded down, and the classes that lost most by that get one more.
    """
    counts = np.bincount(labels, minlength=idx.CLASSES)
    quota, rest = np.divmod(counts * size, max(len(labels), 1))
    quota[np.argsort(-rest, kind="stable")[: size - quota.sum()]] += 1
    drawn = [
        stream(seed, Purpose.SPLIT, label).permutation(np.flatnonzero(labels == label))[:wanted]
        for label, wanted in enumerate(quota)
    ]
    return np.sort(np.concatenate(drawn))


UNIT = arrays.Normalization(mean=0.0, standard_deviation=1.0)


def statistics(images: idx.Bytes) -> arrays.Normalization:
    """Mean and standard deviation of pixel / 255, from the histogram: sums of integers, exact in any order."""
    histogram = np.bincount(images.reshape(-1), minlength=256)
    values = np.arange(256)
    total, n = int(histogram @ values), images.size
    variance = (n * int(histogram @ values**2) - total**2) / n**2
    if variance == 0:
        raise UserError(
            "all training pixels are equal: preprocess.normalization: standard has nothing to divide by"
        )
    return arrays.Normalization(mean=total / n / 255, standard_deviation=variance**0.5 / 255)


def normalized_pixels(normalization: arrays.Normalization) -> arrays.Images:
    """What each of the 256 pixel values becomes, computed in float64 and then rounded to float32."""
    pixels = np.arange(256) / 255
    return ((pixels - normalization.mean) / normalization.standard_deviation).astype(np.float32)


def count(labels: idx.Bytes) -> list[int]:
    """How many there are of each class."""
    return [int(n) for n in np.bincount(labels, minlength=idx.CLASSES)]


if __name__ == "__main__":
    run_stage("preprocess", main)
