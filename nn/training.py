"""Training: draw a batch, forward, backward, gradients, one step of the optimizer; again.

A step has two rounds (with clip_norm, a third between them), and in each of them all cores work side by side:

1. The shards of the batch: images, forward, loss, backward, each in its own rows; between them, the shards of the
   next batch, whose images are deformed ahead.
2. The blocks of parameters: the gradient of a block from the whole batch, and at once, while it is still in the
   CPU's cache, the step of the optimizer and of the average.

What a task of a round computes, and in which order it adds, depends on the shards and blocks alone, and never on
which thread does it, or on how many there are: so the bits do not either.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from math import isfinite, sqrt
from typing import TypeVar

import numpy as np

from nn import aligned
from nn.augmentation import Deformation
from nn.batches import Ahead, BatchLoader, epoch_batches
from nn.blocks import PIECE, Block, parameter_blocks
from nn.flat import Array, Indices
from nn.hard_examples import HardExamples
from nn.layers import Dense
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Network
from nn.optimizers import Optimizer
from nn.parallel import WorkerPool
from nn.random_streams import Purpose, stream
from nn.regularization import ExponentialMovingAverage
from nn.schedules import Schedule

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """What one step was: its number and epoch, both from 1, the rate it was taken at, the loss before it."""

    step: int
    epoch: int
    learning_rate: float
    loss: float
    gradient_norm: float


class Diverged(ArithmeticError):
    """Loss or gradient is no finite number any more."""


class Trainer:
    """What learns and what it learns from: a network, its loss and optimizer, images (n, inputs) and labels (n,).

    average is of network.state; clip_norm bounds the norm of the whole gradient (R. Pascanu, T. Mikolov,
    Y. Bengio, On the difficulty of training recurrent neural networks, 2013).
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        images: Array,
        labels: Labels,
        *,
        pool: WorkerPool,
        smoothing: float = 0.0,
        clip_norm: float | None = None,
        average: ExponentialMovingAverage | None = None,
        deformation: Deformation | None = None,
        hard_examples: HardExamples | None = None,
    ) -> None:
        self.network, self.optimizer, self.average, self.clip_norm = network, optimizer, average, clip_norm
        self.pool = pool
        self.loader = BatchLoader(images, labels, network, deformation)
        self.hard_examples = hard_examples
        dtype = network.params.dtype.type
        self.loss = SoftmaxCrossEntropy(network.rows, network.outputs, smoothing, dtype)
        self.losses = [0.0] * network.shards
        self.blocks = parameter_blocks(network)
        self.squared_norms = [0.0] * len(self.blocks)  # of the gradient, by block
        self.scratch = [aligned.empty(PIECE, dtype) for _ in range(pool.threads)]

    def prepare(self, first: Ahead) -> None:
        """With deformation, deform the images of the first batch of an epoch."""
        self.run(self.loader.tasks_ahead(first))

    def step(self, batch: Indices, learning_rate: float, ahead: Ahead | None = None) -> tuple[float, float]:
        """One step on the images at these positions; returns the loss and the norm of the gradient.

        `ahead` is the batch of the next step: with deformation, its images are deformed meanwhile. Before the
        first step of an epoch come, with dropout or deformation, their `begin_epoch`, and `prepare`: see `train`.
        Raises ValueError for a batch that has not been prepared and was not `ahead`.
        """
        n, network, loader = len(batch), self.network, self.loader
        shards = loader.begin_batch(batch)

        def learn(shard: int) -> None:
            rows = shards[shard]
            loader.gather(batch, rows)
            logits = network.forward(rows, shard)
            self.losses[shard] = self.loss.loss_and_gradient(rows, logits, loader.batch_labels[rows], n)
            if self.hard_examples is not None:  # the logits are dlogits by now
                self.hard_examples.measure(rows, logits, n)
            network.backward(rows, shard)

        learning = [partial(learn, shard) for shard in range(len(shards))]
        self.run(alternating(learning, loader.tasks_ahead(ahead)))
        loss = sum(self.losses[: len(shards)]) / n
        if not isfinite(loss):
            return loss, 0.0
        self.begin_update(learning_rate)
        clip_scale = None if self.clip_norm is None else self.clip(self.clip_norm, n, len(shards))

        def update(number: int, thread: int) -> None:
            if clip_scale is None:
                self.gradient(number, n, len(shards))
            self.update_block(self.blocks[number], clip_scale, self.scratch[thread])

        self.pool.run(update, len(self.blocks))
        self.finish_step(batch, len(shards))
        return loss, self.gradient_norm()

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do these tasks, on all cores."""
        if tasks:
            self.pool.run(lambda number, thread: tasks[number](), len(tasks))

    def update_block(self, block: Block, clip_scale: float | None, scratch: Array) -> None:
        """The step of the optimizer and of the average for a block of parameters, whose gradient is there."""
        if clip_scale is not None:
            self.network.grads[block.params] *= clip_scale
        for piece in block.pieces():
            self.optimizer.update(piece, scratch[: piece.stop - piece.start])
            if self.average is not None:
                self.average.update(piece)

    def gradient(self, number: int, n: int, shards: int) -> None:
        """The gradient of a block of parameters from the n rows and shards of the batch, and its squared norm."""
        block = self.blocks[number]
        for layer, rows in block.weights:
            self.network.weight_gradient(layer, rows, n)
        if block.biases:
            self.network.bias_gradients(n, shards)
        grads = self.network.grads[block.params]
        self.squared_norms[number] = float(np.dot(grads, grads))

    def clip(self, limit: float, n: int, shards: int) -> float:
        """All gradients, before the first parameter moves; what to multiply them with to bound their norm."""
        self.pool.run(lambda number, thread: self.gradient(number, n, shards), len(self.blocks))
        norm = self.gradient_norm()
        return min(1.0, limit / norm) if norm > 0 else 1.0

    def gradient_norm(self) -> float:
        """The norm of the whole gradient, the squared norms of its blocks added in their order."""
        return sqrt(sum(self.squared_norms))

    def begin_update(self, learning_rate: float) -> None:
        """Compute what is the same for all blocks of parameters."""
        self.optimizer.begin_step(learning_rate)
        if self.average is not None:
            self.average.begin_step()

    def finish_step(self, batch: Indices, shards: int) -> None:
        """What follows the update: running statistics and their average, and the hardness of the images."""
        for layer in self.network.layers:
            if layer.running_shapes:
                layer.update_running_statistics(len(batch), shards)
        if self.hard_examples is not None:
            self.hard_examples.update(batch)
        if self.average is not None:
            # The running statistics stand behind the parameters.
            self.average.update(slice(self.network.n_params, len(self.network.state)))

    def inference_parameters(self) -> Array:
        """The network's state as inference should use it: its average, where there is one."""
        return self.network.state if self.average is None else self.average.average

    def largest_weight(self) -> str:
        """Where the largest weight stands, for a run that has diverged."""
        dense = [layer for layer in self.network.layers if isinstance(layer, Dense)]
        sizes = [float(np.max(np.abs(layer.W))) for layer in dense]
        worst = max(range(len(dense)), key=lambda number: (not isfinite(sizes[number]), sizes[number]))
        return f"the largest weight is {sizes[worst]:.3g}, in Dense layer {worst + 1} of {len(dense)}"


def alternating(first: Sequence[T], second: Sequence[T]) -> list[T]:
    """One of the first, one of the second, and so on."""
    return [task for pair in zip_longest(first, second) for task in pair if task is not None]


def train(
    trainer: Trainer,
    *,
    batch_size: int,
    steps: int,
    learning_rate: float,
    schedule: Schedule,
    seed: int,
    epochs_done: int = 0,
) -> Iterator[Step]:
    """Train in place, step by step: yields a Step after each, and trains on when the next is asked for.

    Every epoch shows the images in a new order, drawn from seed and epoch; with hard examples, some of them more
    than once, and others not at all. A trainer that a checkpoint was loaded into has epochs_done behind it.

    Raises Diverged as soon as the loss or the norm of the gradient is not finite, or a parameter after the last
    step; the parameters are then of no use.
    """
    network, images, deformation = trainer.network, len(trainer.loader.images), trainer.loader.deformation

    def strength(step: int) -> float:
        return 1.0 if deformation is None else deformation.ranges.strength_at(step / steps)

    slices_of_epoch = epoch_batches(images, batch_size, network.min_rows)
    epoch, step = epochs_done, epochs_done * len(slices_of_epoch)
    while step < steps:
        epoch += 1
        rng, hard_examples = stream(seed, Purpose.ORDER, epoch), trainer.hard_examples
        order = rng.permutation(images) if hard_examples is None else hard_examples.epoch_order(rng, epoch)
        for number, layer in enumerate(network.layers):
            layer.begin_epoch(
                [stream(seed, Purpose.DROPOUT, epoch, number, shard) for shard in range(network.shards)]
            )
        if deformation is not None:
            deformation.begin_epoch(
                [stream(seed, Purpose.DEFORMATION, epoch, shard) for shard in range(network.shards)]
            )
        batches = [order[rows] for rows in slices_of_epoch[: steps - step]]
        trainer.prepare(Ahead(batches[0], strength(step)))
        for batch, next_batch in zip_longest(batches, batches[1:]):
            rate = learning_rate * schedule(step / steps)
            step += 1
            ahead = None if next_batch is None else Ahead(next_batch, strength(step))
            loss, norm = trainer.step(batch, rate, ahead)
            what = ""
            if not isfinite(loss):
                what = f"the loss is {loss}"
            elif not isfinite(norm):
                what = f"the norm of the gradient is {norm}"
            elif step == steps and not np.isfinite(network.params).all():  # no next loss would tell
                what = "a parameter is not finite"
            if what:
                raise Diverged(f"{what} at iteration {step}, learning rate {rate:g}; {trainer.largest_weight()}")
            yield Step(step, epoch, rate, loss, norm)
