"""Hard examples: images that the network does not read well yet are shown more often than the others.

After a few epochs most images teach next to nothing any more: their probabilities are what they should be, and
the gradient of their loss is nearly zero. An epoch of the same length that shows the hardest ones several times,
and for that fewer of the others, spends its steps where there is something to learn.

How far an image is from being read well is the sum over the classes of |p - t|, 0 to 2: the size of p - t, its
gradient at the logits, in which every other gradient of the image is linear. It is deformed otherwise each time it
is shown, so one time alone says little, and its hardness h follows

    h <- (h + sum |p - t|) / 2    at each showing, after the first, which counts whole.

An image that is not shown keeps its h from a time when the network knew less, and so comes back before long.
(I. Loshchilov, F. Hutter, Online Batch Selection for Faster Training of Neural Networks, 2016; A. Shrivastava et
al., Training Region-based Object Detectors with Online Hard Example Mining, 2016; A. Katharopoulos, F. Fleuret,
Not All Samples Are Created Equal, 2018.)

What is minimised is then the mean loss of another mixture of images, without weights that would undo it.
"""

import numpy as np

from nn.flat import Array
from nn.losses import Labels

ALIKE = 2  # epochs at the beginning that show every image once: the first judges by a network that knows nothing


class HardExamples:
    """How hard each of `images` images is, and epochs that show the hardest `share` of them `showings` times each.

    share * showings <= 1: an epoch, which is as long as any other, has room for that.
    """

    def __init__(self, images: int, share: float, showings: int) -> None:
        self.hard, self.showings = int(images * share), showings
        self.hardness = np.full(images, np.nan, np.float32)  # nan: never shown

    def record(self, batch: Labels, dlogits: Array) -> None:
        """Take note of a step: the positions of its images (n,), and p - t of each (n, classes).

        Of an image that is in the batch more than once, the first time counts.
        """
        images, first = np.unique(batch, return_index=True)
        far = np.abs(dlogits[first]).sum(axis=1)
        before = self.hardness[images]
        self.hardness[images] = np.where(np.isnan(before), far, (before + far) / 2)

    def order(self, rng: np.random.Generator, epoch: int) -> Labels:
        """The positions of the images of an epoch, counted from 1, in random order, as many as there are images.

        After the first ALIKE epochs, the hardest are there `showings` times, and of the others as many as there is
        room for, drawn anew each time.
        """
        images = len(self.hardness)
        if epoch <= ALIKE:
            return rng.permutation(images)
        ranked = np.argsort(-self.hardness, kind="stable")
        hardest, others = ranked[: self.hard], ranked[self.hard :]
        room = images - self.showings * self.hard
        shown = np.concatenate([np.tile(hardest, self.showings), rng.choice(others, room, replace=False)])
        return rng.permutation(shown)
