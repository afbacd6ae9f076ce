"""Views: an image is read several times, each time moved by a pixel, and the probabilities are averaged."""

import numpy as np

from nn.inference import predict
from nn.losses import softmax
from nn.network import Network
from nn.parallel import WorkerPool
from stages.formats.arrays import Images
from stages.formats.idx import SIDE
from stages.settings.evaluate import Views

Moves = list[tuple[int, int]]
MOVES: dict[Views, Moves] = {  # pixels down and to the right, beside the image where it is
    1: [],
    5: [(-1, 0), (0, -1), (0, 1), (1, 0)],
    9: [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)],
}


def averaged(
    network: Network, images: Images, unmoved: Images, moves: Moves, *, background: float, pool: WorkerPool
) -> Images:
    """The mean of the probabilities (n, classes) of all views; `unmoved` are those of the first view."""
    total = unmoved.copy()
    for down, right in moves:
        total += softmax(predict(network, moved(images, down, right, background), pool))
    total /= 1 + len(moves)
    return total


def moved(images: Images, down: int, right: int, background: float) -> Images:
    """Images (n, 784) moved by whole pixels; what moves in is background, what moves out is lost."""
    pictures = images.reshape(-1, SIDE, SIDE)
    result = np.full_like(pictures, background)
    rows, columns = slice(max(down, 0), SIDE + min(down, 0)), slice(max(right, 0), SIDE + min(right, 0))
    from_rows, from_columns = (
        slice(max(-down, 0), SIDE - max(down, 0)),
        slice(max(-right, 0), SIDE - max(right, 0)),
    )
    result[:, rows, columns] = pictures[:, from_rows, from_columns]
    return result.reshape(images.shape)
