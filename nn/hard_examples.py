"""Hard examples: images that the network does not classify well yet are shown more often than the others.

After a few epochs most images teach next to nothing any more: their probabilities are what they should be, and
the gradient of their loss is nearly zero. An epoch of the same length that shows the hardest ones several times,
and for that fewer of the others, spends its steps where there is something to learn.

How far an image is from its target is the sum over the classes of |p - t|, 0 to 2: p - t is the gradient by its
logits, and every other gradient of the image is linear in it. Where p is t, there is nothing to learn. An image is
deformed otherwise each time it is shown, so one time alone says little, and its hardness h follows

    h <- (h + sum |p - t|) / 2    at each showing, after the first, which counts whole.

An image that is not shown keeps its h from a time when the network knew less, and so comes back before long.
(I. Loshchilov, F. Hutter, Online Batch Selection for Faster Training of Neural Networks, 2016; A. Shrivastava et
al., Training Region-based Object Detectors with Online Hard Example Mining, 2016; A. Katharopoulos, F. Fleuret,
Not All Samples Are Created Equal, 2018.)

The loss is not reweighted to compensate, so what is minimized is one in which hard images count more.
"""

import numpy as np

from nn.flat import Array, Indices

UNIFORM_EPOCHS = 2  # the first, which show every image once: the network knows too little yet


class HardExamples:
    """How hard each of `images` images is, and epochs that show the hardest `fraction` of them `repeats` times.

    fraction * repeats <= 1: an epoch, which is as long as any other, has room for that. Batches have up to `rows`
    rows of `classes` logits.
    """

    def __init__(
        self,
        images: int,
        fraction: float,
        repeats: int,
        *,
        rows: int,
        classes: int,
        dtype: type[np.floating] = np.float32,
    ) -> None:
        self.n_hard, self.repeats = int(images * fraction), repeats
        self.hardness = np.full(images, np.nan, np.float32)  # nan: never shown
        self.differences = np.empty((rows, classes), dtype)
        self.distances = np.empty(rows, np.float32)
        self.former = np.empty(rows, np.float32)
        self.unknown = np.empty(rows, bool)

    def measure(self, rows: slice, dlogits: Array, batch_size: int) -> None:
        """sum |p - t| of these rows of a batch; their dlogits (n, classes) are p - t divided by its size."""
        differences = np.multiply(dlogits, batch_size, out=self.differences[rows])
        np.abs(differences, out=differences)
        np.sum(differences, axis=1, out=self.distances[rows])

    def update(self, batch: Indices) -> None:
        """The hardness of the images at these positions (n,), once `measure` has seen all rows of the batch.

        An image that is in the batch more than once counts with its first row.
        """
        n = len(batch)
        distances, former, unknown = self.distances[:n], self.former[:n], self.unknown[:n]
        np.take(self.hardness, batch, out=former, mode="clip")
        np.isnan(former, out=unknown)
        former += distances
        former *= 0.5
        np.copyto(former, distances, where=unknown)
        self.hardness[batch[::-1]] = former[::-1]  # of several values for one position the last one stays

    def epoch_order(self, rng: np.random.Generator, epoch: int) -> Indices:
        """The positions of the images of an epoch, counted from 1, in random order, as many as there are images.

        After the first UNIFORM_EPOCHS epochs, the hardest are there `repeats` times, and of the others as many as
        there is room for, drawn anew each time.
        """
        images = len(self.hardness)
        if epoch <= UNIFORM_EPOCHS:
            return rng.permutation(images)
        ranked = np.argsort(-self.hardness, kind="stable")
        hardest, others = ranked[: self.n_hard], ranked[self.n_hard :]
        room = images - self.repeats * self.n_hard
        shown = np.concatenate([np.tile(hardest, self.repeats), rng.choice(others, room, replace=False)])
        return rng.permutation(shown)
