"""What the data sets consist of: four IDX files each, known by size and SHA-256, and the classes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class PublishedFile:
    """One file of a data set, unpacked."""

    name: str
    size: int  # bytes
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """How sources name it, the usual names first; the last three, in a folder of its own, on disks only."""
        name, dotted = self.name, self.name.replace("-idx", ".idx")
        own = f"{name}/{name}", f"{name}/{dotted}", f"{dotted}/{dotted}"
        return f"{name}.gz", name, f"{dotted}.gz", dotted, *own

    def matches(self, path: Path) -> bool:
        """Whether the file at this path is there and has the published bytes, whatever it is called."""
        if not path.is_file():
            return False
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == self.sha256


@dataclass(frozen=True)
class Dataset:
    """A published data set of 28 x 28 grayscale images in 2 to 256 classes."""

    files: tuple[PublishedFile, ...]
    classes: tuple[str, ...]  # their names, that of label 0 first


DatasetName = Literal["mnist", "fashion-mnist"]

DATASETS: dict[DatasetName, Dataset] = {
    # Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits, 1998.
    "mnist": Dataset(
        files=(
            PublishedFile(
                "train-images-idx3-ubyte",
                47040016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            PublishedFile(
                "train-labels-idx1-ubyte",
                60008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            PublishedFile(
                "t10k-images-idx3-ubyte",
                7840016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            PublishedFile(
                "t10k-labels-idx1-ubyte",
                10008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
        classes=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    ),
    # H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, a novel image dataset for benchmarking, 2017.
    "fashion-mnist": Dataset(
        files=(
            PublishedFile(
                "train-images-idx3-ubyte",
                47040016,
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            PublishedFile(
                "train-labels-idx1-ubyte",
                60008,
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            PublishedFile(
                "t10k-images-idx3-ubyte",
                7840016,
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            PublishedFile(
                "t10k-labels-idx1-ubyte",
                10008,
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
}
