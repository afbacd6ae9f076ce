"""A small data set in the form of MNIST, for tests that run the real stages in a copy of the project."""

import gzip
import hashlib
import re
import struct
from functools import cache
from pathlib import Path

import numpy as np

from stages.formats.datasets import DATASETS


def write(folder: Path, *, compressed: bool) -> None:
    """Put the four files into a folder, as a mirror holds them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in small_files().items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)


def install(project: Path) -> None:
    """Have a copy of the project take the small files for MNIST: rewrite their sizes and hashes there."""
    path = project / "stages" / "formats" / "datasets.py"
    text = path.read_text("utf-8")
    for published in DATASETS["mnist"].files:
        content = small_files()[published.name]
        described = f'"{published.name}", {len(content)}, "{hashlib.sha256(content).hexdigest()}"'
        text, found = re.subn(f'"{published.name}"[^"]*"{published.sha256}"', described, text)
        if found != 1:
            raise AssertionError(f"{path} describes {published.name} of MNIST in a form unknown here")
    path.write_text(text, "utf-8")


@cache
def small_files(train: int = 600, test: int = 200) -> dict[str, bytes]:
    """Name and unpacked content of the four files; the same bytes at every call."""
    rng = np.random.default_rng(0)
    templates = digits_like(rng)
    files: dict[str, bytes] = {}
    for split, count in (("train", train), ("t10k", test)):
        labels = rng.permutation(np.arange(count) % len(templates)).astype(np.uint8)
        noise = rng.normal(0, 40, (count, 28, 28))
        images = np.clip(templates[labels] + noise * (templates[labels] > 0), 0, 255).astype(np.uint8)
        files |= idx_files(split, images, labels)
    return files


def idx_files(split: str, images: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    """Name and content of the two files of `train` or `t10k`: images (n, 28, 28) and labels (n,), both uint8."""
    return {
        f"{split}-images-idx3-ubyte": struct.pack(">4i", 0x803, *images.shape) + images.tobytes(),
        f"{split}-labels-idx1-ubyte": struct.pack(">2i", 0x801, *labels.shape) + labels.tobytes(),
    }


def digits_like(rng: np.random.Generator) -> np.ndarray:
    """A pattern (28, 28) for each of ten classes: coarse bright strokes inside a black margin of four pixels."""
    coarse = rng.uniform(60, 255, (10, 5, 5)) * (rng.random((10, 5, 5)) < 0.5)
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)
    return np.pad(fine, ((0, 0), (4, 4), (4, 4)))
