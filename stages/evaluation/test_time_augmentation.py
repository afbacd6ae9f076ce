"""Test-time augmentation: the probabilities of an image, averaged over views of it shifted by a pixel.

(A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012,
average over shifted crops likewise.)
"""

import numpy as np

from nn.inference import predict
from nn.losses import softmax
from nn.network import Network
from nn.parallel import WorkerPool
from stages.formats.arrays import Images, Probabilities
from stages.formats.idx import SIDE
from stages.settings.evaluate import Views

Shifts = list[tuple[int, int]]
SHIFTS: dict[Views, Shifts] = {  # pixels down and to the right, beside the image as it is
    1: [],
    5: [(-1, 0), (0, -1), (0, 1), (1, 0)],
    9: [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)],
}


def predict_averaged(
    network: Network, images: Images, unshifted: Probabilities, shifts: Shifts, *, fill: float, pool: WorkerPool
) -> Probabilities:
    """The mean of the probabilities (n, classes) of all views; `unshifted` are those of the images as they are."""
    total = unshifted.copy()
    for down, right in shifts:
        total += softmax(predict(network, shifted(images, down, right, fill), pool))
    total /= 1 + len(shifts)
    return total


def shifted(images: Images, down: int, right: int, fill: float) -> Images:
    """Images (n, 784) shifted by whole pixels; the gap gets the value `fill`, what leaves the image is lost."""
    margin = max(abs(down), abs(right))
    around = ((0, 0), (margin, margin), (margin, margin))
    padded = np.pad(images.reshape(-1, SIDE, SIDE), around, constant_values=fill)
    top, left = margin - down, margin - right
    return padded[:, top : top + SIDE, left : left + SIDE].reshape(images.shape)
