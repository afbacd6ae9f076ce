"""What is measured."""

from itertools import pairwise

NETWORKS = {
    "784-128-10": [784, 128, 10],
    "784-512-512-10": [784, 512, 512, 10],
    "784-1024-1024-10": [784, 1024, 1024, 10],
    "784-2500-2000-1500-1000-500-10": [784, 2500, 2000, 1500, 1000, 500, 10],
}
BATCHES = (32, 128, 512)
OPTIMIZERS = ("sgd", "adam")  # SGD with momentum 0.9
INFERENCE_BATCHES = (1, 10, 100, 1000, 10_000)
IMAGES = 20_000
TARGETS = [0.98, 0.985]  # accuracy on the validation images
SEEDS = (0, 1, 2)
EPOCHS = 20  # at most, until a target is given up
GROWTH = {
    "width": (128, 256, 512, 1024, 2048),  # of two hidden layers
    "depth": (1, 2, 4, 8, 16),  # hidden layers of 512
    "images": (2_000, 20_000, 60_000, 200_000),  # with 784-512-512-10
}


RECIPE = [784, 800, 800, 10]  # as in params.yaml


def weights(widths: list[int]) -> int:
    """How many weights a network has."""
    return sum(a * b for a, b in pairwise(widths))


def training_flops_per_example(widths: list[int]) -> int:
    """Floating-point operations a row: 6 a weight, 4 in the first layer, by whose input nobody differentiates."""
    return 6 * weights(widths) - 2 * widths[0] * widths[1]
