"""The preprocessed arrays as .npy, images float32 (n, 784) and labels uint8 (n,), and dataset.json beside them."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from stages.runtime.atomic import atomic_write, missing, read_json, write_json
from stages.runtime.errors import UserError
from stages.runtime.params import StrictModel
from stages.runtime.paths import DATASET, PREPROCESSED

PIXELS = 28 * 28

Split = Literal["train", "validation", "test"]
Images = NDArray[np.float32]
Labels = NDArray[np.uint8]
Probabilities = NDArray[np.float32]  # (n, classes)


class Normalization(StrictModel):
    """x = (pixel / 255 - mean) / standard_deviation."""

    mean: float
    standard_deviation: float

    def normalized(self, pixels: Images) -> Images:
        """What pixels between 0 and 1 become."""
        return (pixels - self.mean) / self.standard_deviation

    def pixels(self, images: Images) -> Images:
        """The pixels between 0 and 1 that became these images."""
        return images * self.standard_deviation + self.mean


class DatasetDescription(StrictModel):
    """What dataset.json says of the arrays beside it."""

    dataset: str
    classes: list[str]
    images: dict[Split, int]
    images_per_class: dict[Split, list[int]]
    normalization: Normalization
    background: float  # what a pixel of 0 became
    split_sha256: str  # of the validation images' positions in the training file, little-endian uint32

    @property
    def ink(self) -> float:
        """What a pixel of 255 became."""
        return self.background + 1 / self.normalization.standard_deviation


def paths(split: Split) -> tuple[Path, Path]:
    """Where the images and labels of a split are."""
    return PREPROCESSED / f"{split}_images.npy", PREPROCESSED / f"{split}_labels.npy"


def write(split: Split, images: Images, labels: Labels) -> None:
    """Put the arrays of a split into their files."""
    images_path, labels_path = paths(split)
    save(images_path, images)
    save(labels_path, labels)


def save(path: Path, array: NDArray[Any]) -> None:
    """Put an array into a .npy file, whole or not at all.

    Not with np.save: on a full disk that may lose the last 4,096 bytes and say nothing.
    """
    with atomic_write(path) as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def read(split: Split, classes: int) -> tuple[Images, Labels]:
    """The arrays of a split: images mapped from the disk, labels read, all below `classes`.

    Raises UserError where they are missing or are not what `preprocess` writes.
    """
    images_path, labels_path = paths(split)
    images, labels = load(images_path), load(labels_path)
    if images.dtype != np.float32 or images.ndim != 2 or images.shape[1] != PIXELS:
        raise UserError(
            f"{images_path} holds {images.dtype} {images.shape}, not float32 (n, {PIXELS}){REMAKE_HINT}"
        )
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise UserError(
            f"{labels_path} holds {labels.dtype} {labels.shape}, not uint8 ({len(images)},){REMAKE_HINT}"
        )
    if labels.size and labels.max() >= classes:
        raise UserError(f"{labels_path} holds the label {labels.max()}, not 0 to {classes - 1}{REMAKE_HINT}")
    return images, np.array(labels)


REMAKE_HINT = "; `dvc repro --force preprocess` makes it again"


def load(path: Path) -> NDArray[Any]:
    """The array in a .npy file, mapped."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, EOFError) as error:
        raise UserError(f"{path} is no .npy file ({error}){REMAKE_HINT}") from None
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path} is no .npy file but an archive of several{REMAKE_HINT}")
    return array


def write_description(description: DatasetDescription) -> None:
    """Put dataset.json beside the arrays."""
    write_json(DATASET, description.model_dump())


def read_description() -> DatasetDescription:
    """What dataset.json says; raises UserError where it is missing or says something else."""
    try:
        return DatasetDescription.model_validate(read_json(DATASET))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{DATASET}: {first['loc']}: {first['msg']}{REMAKE_HINT}") from None
