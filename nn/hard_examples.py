"""Hard examples: images that the network does not read well yet are shown more often than the others.

After a few epochs most images teach next to nothing any more: their probabilities are what they should be, and
the gradient of their loss is nearly zero. An epoch of the same length that shows the hardest ones several times,
and for that fewer of the others, spends its steps where there is something to learn.

How hard an image is, is the distance of its probabilities from their target, sum over the classes of |p - t|, 0
to 2: that is the size of the loss's gradient at the logits, which bounds what the image adds to any other
gradient. (I. Loshchilov, F. Hutter, Online Batch Selection for Faster Training of Neural Networks, 2016;
A. Shrivastava et al., Training Region-based Object Detectors with Online Hard Example Mining, 2016;
A. Katharopoulos, F. Fleuret, Not All Samples Are Created Equal, 2018.)

What is learned is then the loss of another mixture of images: probabilities become less sure of themselves.
"""

import numpy as np

from nn.flat import Array
from nn.losses import Labels


class HardExamples:
    """How hard each of `images` images is, and epochs that show the hardest share of them `times` times each.

    share times `times` is at most 1, so that an epoch has room for that.
    """

    def __init__(self, images: int, share: float, times: int) -> None:
        self.hard, self.times = int(images * share), times
        self.hardness = np.full(images, 2.0, np.float32)  # as hard as can be, until they were shown

    def record(self, batch: Labels, dlogits: Array) -> None:
        """Take note of a step: the positions of its images (n,), and p - t of each (n, classes).

        An image is deformed otherwise each time it is shown: the mean of now and before is less of a chance.
        """
        self.hardness[batch] = (self.hardness[batch] + np.abs(dlogits).sum(axis=1)) / 2

    def order(self, rng: np.random.Generator) -> Labels:
        """The positions of the images of an epoch, in random order, as many as there are images.

        The hardest are there `times` times, and of the others as many as there is room for, drawn anew each time.
        """
        images = len(self.hardness)
        ranked = np.argsort(-self.hardness, kind="stable")
        hardest, others = ranked[: self.hard], ranked[self.hard :]
        room = images - self.times * self.hard
        shown = np.concatenate([np.tile(hardest, self.times), rng.choice(others, room, replace=False)])
        return rng.permutation(shown)
