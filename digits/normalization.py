"""What pixels become before the network sees them."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]  # (n, 784)


@dataclass(frozen=True)
class Normalization:
    """x = (pixel / 255 - mean) / standard_deviation; raises ValueError where that is no number."""

    mean: float
    standard_deviation: float

    def __post_init__(self) -> None:
        if not (isfinite(self.mean) and isfinite(self.standard_deviation) and self.standard_deviation > 0):
            raise ValueError("mean and standard_deviation are finite numbers, and the second is above 0")

    def normalized(self, pixels: Images) -> Images:
        """Pixels between 0 and 1, normalized."""
        return (pixels - self.mean) / self.standard_deviation

    def pixels(self, images: Images) -> Images:
        """The pixels between 0 and 1 of normalized images."""
        return images * self.standard_deviation + self.mean
