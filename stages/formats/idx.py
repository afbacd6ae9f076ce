"""The IDX file format: a magic number with the type and the number of dimensions, the sizes, then the bytes.

Y. LeCun, The MNIST database of handwritten digits, 1998: "The IDX file format". Read strictly: a file that is
not exactly what it says is refused.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.runtime.atomic import missing
from stages.runtime.errors import UserError

UNSIGNED_BYTES = 0x08
SIDE = 28  # pixels
MAX_ITEMS = 1_000_000  # a header that claims more images than this is damaged

Bytes = NDArray[np.uint8]


def read_images(path: Path) -> Bytes:
    """Images (n, 28, 28), 0 background to 255 ink.

    Raises UserError where the file is missing or is no IDX file of such images.
    """
    images = read(path, dimensions=3)
    if images.shape[1:] != (SIDE, SIDE):
        raise damaged(path, f"its images are {images.shape[1]} x {images.shape[2]}, not {SIDE} x {SIDE}")
    return images


def read_labels(path: Path) -> Bytes:
    """Labels (n,), 0 to 255; how many classes there are, the data set says.

    Raises UserError where the file is missing or is no IDX file of labels.
    """
    return read(path, dimensions=1)


def read(path: Path, dimensions: int) -> Bytes:
    """The array in an IDX file of unsigned bytes with this many dimensions."""
    header = 4 + 4 * dimensions
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(header)
            if len(start) < header:
                raise damaged(path, f"it ends after {size} bytes, within its header")
            magic, *shape = struct.unpack(f">{1 + dimensions}I", start)
            wanted = UNSIGNED_BYTES << 8 | dimensions
            if magic != wanted:
                raise damaged(path, f"it begins with {magic:#010x}, not {wanted:#010x}")
            if shape[0] > MAX_ITEMS:
                raise damaged(path, f"it claims {shape[0]:,} items, more than {MAX_ITEMS:,}")
            length = int(np.prod(shape, dtype=object))
            if size != header + length:
                raise damaged(path, f"it has {size:,} bytes where its header says {header + length:,}")
            return np.frombuffer(file.read(length), np.uint8).reshape(shape)
    except (FileNotFoundError, NotADirectoryError):
        raise missing(path) from None


def damaged(path: Path, what: str) -> UserError:
    """The error for a file that does not hold what it should."""
    return UserError(f"{path} is damaged: {what}; `dvc repro --force download` fetches it again")
