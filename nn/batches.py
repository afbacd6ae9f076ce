"""Batches: which images an epoch shows together, and how they come to the network, as they are or deformed.

To deform images takes many short calls of NumPy. Before and after each of them a thread holds the interpreter's
lock for a moment, so two threads that deform side by side keep waiting for each other. A product of matrices takes
a millisecond or more without the lock. So the images of the next batch are deformed while the network learns from
those of this one, a shard of these and a shard of those in turn: while one thread deforms, the other multiplies.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from nn import aligned
from nn.augmentation import Deformation
from nn.flat import Array, Indices, slices, split
from nn.losses import Labels
from nn.network import Network


def epoch_batches(images: int, batch_size: int, min_rows: int = 1) -> list[slice]:
    """The batches of an epoch, as slices of its order; the last may be smaller, and is left out below min_rows."""
    return [batch for batch in slices(images, batch_size) if batch.stop - batch.start >= min_rows]


class Ahead(NamedTuple):
    """The batch of the next step, and how strong the deformation of its images shall be."""

    batch: Indices
    strength: float = 1.0


class BatchLoader:
    """Brings the images (all, inputs) and labels (all,) of a batch into network.x and batch_labels."""

    def __init__(
        self, images: Array, labels: Labels, network: Network, deformation: Deformation | None = None
    ) -> None:
        self.images, self.network, self.deformation = images, network, deformation
        self.labels = labels.astype(np.intp)  # as an index, which other integers would have to become at each step
        self.batch_labels = np.empty(network.rows, np.intp)
        self.deformed = self.deformed_ahead = network.x[:0]  # of this batch, and of the next
        if deformation is not None:
            self.deformed, self.deformed_ahead = (
                aligned.empty(network.x.shape, network.x.dtype) for _ in range(2)
            )
        self.batch_ahead: Indices | None = None

    def shards(self, batch: Indices) -> list[slice]:
        """The rows of each shard of a batch."""
        return split(len(batch), min(self.network.shards, len(batch) // self.network.min_rows))

    def tasks_ahead(self, ahead: Ahead | None) -> list[Callable[[], None]]:
        """The tasks that deform the images of the next batch, one a shard; none without deformation.

        All of them have to be done before `begin_batch`.
        """
        if self.deformation is None or ahead is None:
            return []
        self.batch_ahead, strength = ahead
        deform, out = self.deformation.deform, self.deformed_ahead
        return [
            partial(deform, self.images, self.batch_ahead[rows], out[rows], shard, strength)
            for shard, rows in enumerate(self.shards(self.batch_ahead))
        ]

    def begin_batch(self, batch: Indices) -> list[slice]:
        """Go on to this batch, deformed ahead; the rows of each of its shards.

        Raises ValueError if it is not the array that the tasks ahead were for.
        """
        if self.deformation is not None:
            if self.batch_ahead is not batch:
                raise ValueError("the images of this batch have not been deformed ahead")
            self.deformed, self.deformed_ahead = self.deformed_ahead, self.deformed
            self.batch_ahead = None
        return self.shards(batch)

    def gather(self, batch: Indices, rows: slice) -> None:
        """The images and labels of these rows of the batch, to where the network and the loss read them."""
        if self.deformation is not None:
            self.network.x[rows] = self.deformed[rows]
        else:  # mode="clip" gathers straight into the buffer; the default mode gathers into a hidden copy
            self.images.take(batch[rows], axis=0, out=self.network.x[rows], mode="clip")
        self.labels.take(batch[rows], out=self.batch_labels[rows], mode="clip")
