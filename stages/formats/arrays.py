"""The preprocessed arrays as .npy, images float32 (n, 784) and labels uint8 (n,), and dataset.json beside them.

The predictions are a .npy file too: probabilities float32 (n, classes).
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from digits.normalization import Normalization
from stages.formats.datasets import DatasetName
from stages.runtime.atomic import atomic_write, missing, read_json, write_json
from stages.runtime.errors import UserError
from stages.runtime.params import StrictModel
from stages.runtime.paths import DATASET, PREDICTIONS, PREPROCESSED

PIXELS = 28 * 28

Split = Literal["train", "validation", "test"]
Images = NDArray[np.float32]  # (n, 784)
Labels = NDArray[np.uint8]  # (n,)
Probabilities = NDArray[np.float32]  # (n, classes)


class DatasetDescription(StrictModel):
    """What dataset.json says of the arrays beside it."""

    dataset: DatasetName
    classes: list[str]
    images: dict[Split, Annotated[int, Field(ge=0)]]
    images_per_class: dict[Split, list[int]]
    normalization: Normalization
    background: Annotated[float, Field(allow_inf_nan=False)]  # the normalized value of a pixel of 0
    split_sha256: str  # of the validation images' positions in the training file, little-endian uint32

    @property
    def ink(self) -> float:
        """The normalized value of a pixel of 255."""
        return self.background + 1 / self.normalization.standard_deviation


def paths(split: Split) -> tuple[Path, Path]:
    """Where the images and labels of a split are."""
    return PREPROCESSED / f"{split}_images.npy", PREPROCESSED / f"{split}_labels.npy"


def write(split: Split, images: Images, labels: Labels) -> None:
    """Write the images and labels of a split."""
    images_path, labels_path = paths(split)
    save(images_path, images)
    save(labels_path, labels)


def save(path: Path, array: NDArray[Any]) -> None:
    """Write an array to a .npy file, whole or not at all.

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
    images = load(images_path, np.float32, (None, PIXELS))
    labels = load(labels_path, np.uint8, (len(images),))
    if labels.size and labels.max() >= classes:
        raise unusable(labels_path, f"holds the label {labels.max()}, not 0 to {classes - 1}")
    return images, np.array(labels)


def read_predictions(split: Split, images: int, classes: int) -> Probabilities:
    """The probabilities of each image of a split, (images, classes).

    Raises UserError where they are missing or are not what `evaluate` writes.
    """
    return load(PREDICTIONS / f"{split}.npy", np.float32, (images, classes), made_by="evaluate")


def load(
    path: Path, dtype: type[np.generic], shape: tuple[int | None, ...], made_by: str = "preprocess"
) -> NDArray[Any]:
    """The array in a .npy file, mapped; `None` in its shape is any length.

    Raises UserError where the file is missing or holds another type or shape.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, EOFError) as error:
        raise unusable(path, f"is no .npy file ({error})", made_by) from None
    if not isinstance(array, np.ndarray):
        raise unusable(path, "is no .npy file but an archive of several", made_by)
    fits = array.ndim == len(shape) and all(n in {None, m} for n, m in zip(shape, array.shape, strict=True))
    if array.dtype != dtype or not fits:
        expected = f"{dtype.__name__} {shape}".replace("None", "n")
        raise unusable(path, f"holds {array.dtype} {array.shape}, not {expected}", made_by)
    return array


def write_description(description: DatasetDescription) -> None:
    """Write dataset.json beside the arrays."""
    write_json(DATASET, description.model_dump())


def read_description() -> DatasetDescription:
    """The description in dataset.json; raises UserError where it is missing or has other keys or types."""
    try:
        return DatasetDescription.model_validate(read_json(DATASET))
    except ValidationError as error:
        first = error.errors()[0]
        raise unusable(DATASET, f"has a mistake: {first['loc']}: {first['msg']}") from None


def unusable(path: Path, what: str, made_by: str = "preprocess") -> UserError:
    """The error for a file that does not hold what the stage that makes it writes."""
    return UserError(f"{path} {what}; `dvc repro --force {made_by}` makes it again")
