"""The network that answers: images in MNIST's form in, probabilities out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits.model import PIXELS, Description, read_model
from nn.losses import softmax
from nn.network import Network


@dataclass(frozen=True)
class Classifier:
    """A network and its description. One thread at a time may ask it."""

    network: Network
    description: Description

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probability of each class, (n, classes), for images (n, 28, 28), 0 paper to 255 ink."""
        pixels = images.reshape(-1, PIXELS).astype(np.float32) / np.float32(255)
        x = self.description.normalization.normalized(pixels)
        rows = self.network.rows
        parts = [x[start : start + rows] for start in range(0, len(x), rows)]
        logits = [self.network.forward(slice(0, len(part)), x=part).copy() for part in parts]
        return softmax(np.concatenate(logits))


def read_classifier(path: Path, rows: int = 256) -> Classifier:
    """The classifier in a model file, for up to `rows` images at once; raises ModelError."""
    return Classifier(*read_model(rows, path))
