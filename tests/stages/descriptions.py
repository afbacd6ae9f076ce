"""Descriptions of data sets, for tests that need one."""

from digits.normalization import Normalization
from stages.formats.arrays import DatasetDescription

DIGITS = [str(digit) for digit in range(10)]


def description(normalization: Normalization, images=None) -> DatasetDescription:
    """That of digits with this normalization and these numbers of images."""
    return DatasetDescription(
        dataset="mnist",
        classes=DIGITS,
        images=images or {},
        images_per_class={},
        normalization=normalization,
        background=-normalization.mean / normalization.standard_deviation,
        split_sha256="",
    )
