"""PyTorch, eager, with the fused form of its optimizers: one pass over the memory instead of one an operation."""

from benchmarks.sides import pytorch
from benchmarks.sides.pytorch import VERSIONS, learner, predict, train  # noqa: F401

pytorch.FUSED = True
