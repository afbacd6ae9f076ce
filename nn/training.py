"""Training: draw a batch, forward, backward, gradients, one step of the optimiser; again.

A step has two rounds, and in each of them all cores work side by side:

1. The parts of the batch: gather the images, or deform them, forward, loss, backward, each part in its own rows.
2. The blocks of parameters: the gradient of a block from the whole batch, and at once, while it is still in the
   cache, the step of the optimiser and of the average.

What a task of a round computes, and in which order it adds, depends on the parts and blocks alone, and never on
which thread does it, or on how many there are: so the bits do not either.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isfinite, sqrt

import numpy as np

from nn.augmentation import Deformation
from nn.averaging import ExponentialMovingAverage
from nn.constraints import clipping_factor, limit_norms
from nn.flat import Array, slices, split
from nn.hard_examples import HardExamples
from nn.layers import Dense
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Block, Network
from nn.optimizers import Optimizer
from nn.parallel import Task, WorkerPool
from nn.random_streams import Purpose, stream
from nn.schedules import Schedule


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


@dataclass(frozen=True)
class Extras:
    """What may be added to a step; nothing is, by default.

    l2 adds l2 p to the gradient of the weights; clip_norm bounds the norm of the whole gradient before that;
    max_norm bounds the norm of the weights into each unit after the step.
    """

    l2: float = 0.0
    clip_norm: float | None = None
    max_norm: float | None = None


NOTHING = Extras()


class Trainer:
    """A network, its loss, its optimiser, and the tasks of a step."""

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        images: Array,
        labels: Labels,
        *,
        team: WorkerPool,
        smoothing: float = 0.0,
        average: ExponentialMovingAverage | None = None,
        statistics: ExponentialMovingAverage | None = None,
        extras: Extras = NOTHING,
        deformation: Deformation | None = None,
        hard_examples: HardExamples | None = None,
    ) -> None:
        self.network, self.optimizer, self.average, self.extras = network, optimizer, average, extras
        self.statistics = statistics  # the average of network.statistics, for batch normalization
        self.images, self.labels = images, labels
        self.team = team
        self.deformation, self.strength = deformation, 1.0
        self.hard_examples = hard_examples
        dtype = network.params.dtype.type
        self.loss = SoftmaxCrossEntropy(network.rows, network.outputs, smoothing, dtype)
        self.y = np.empty(network.rows, labels.dtype)
        self.blocks = network.blocks()
        longest = max(block.params.stop - block.params.start for block in self.blocks)
        self.scratch = [np.empty(longest, dtype) for _ in range(team.threads)]
        # What the tasks of a step leave for each other: set by `step`, or one entry for each task.
        self.batch: Labels = np.empty(0, np.intp)
        self.parts: list[slice] = []
        self.losses = [0.0] * network.parts
        self.squares = [0.0] * len(self.blocks)
        self.factor = 1.0
        self.learners = [self.learner(part) for part in range(network.parts)]
        self.updaters = [self.updater(number) for number in range(len(self.blocks))]
        self.measurers = [self.measurer(number) for number in range(len(self.blocks))]
        self.averagers = [self.averager(number) for number in range(len(self.blocks))]
        self.limiters = [self.limiter(layer) for layer in network.layers if isinstance(layer, Dense)]

    def step(self, batch: Labels, learning_rate: float) -> tuple[float, float]:
        """One step on these images, given by their positions; returns the loss and the norm of the gradient.

        With dropout, `begin_epoch` of the layers comes before the first step; `train` sees to that.
        """
        self.batch, self.parts = batch, split(len(batch), self.network.parts)
        self.team.run(self.learners[: len(self.parts)])
        loss = sum(self.losses[: len(self.parts)]) / len(batch)
        if not isfinite(loss):
            return loss, 0.0
        if self.hard_examples is not None:  # the logits are p - t by now, divided by the number of rows
            self.hard_examples.record(batch, self.network.logits[: len(batch)] * len(batch))

        self.optimizer.begin_step(learning_rate)
        if self.average is not None:
            self.average.begin_step()
        if self.extras.clip_norm is not None:  # then all gradients are needed before the first parameter moves
            self.team.run(self.measurers)
            self.factor = clipping_factor(self.norm(), self.extras.clip_norm)
        self.team.run(self.updaters)
        if self.extras.max_norm is not None:
            self.team.run(self.limiters)
            self.team.run(self.averagers)
        if self.statistics is not None:  # after the average's weights come the statistics that belong to them
            self.statistics.begin_step()
            self.statistics.update(slice(None), np.empty_like(self.network.statistics))
        return loss, self.norm()

    def inference_parameters(self) -> tuple[Array, Array]:
        """Parameters and statistics as they should be used: their averages, where there are any."""
        return (
            self.network.params if self.average is None else self.average.average,
            self.network.statistics if self.statistics is None else self.statistics.average,
        )

    def norm(self) -> float:
        """The norm of the whole gradient, its blocks' squares added in their order."""
        return sqrt(sum(self.squares))

    def learner(self, part: int) -> Task:
        """The task of round 1: what there is to do for one part of the batch."""
        network = self.network

        def task(member: int) -> None:  # noqa: ARG001 (has its own rows, and needs no scratch)
            rows = self.parts[part]
            chosen = self.batch[rows]
            if self.deformation is not None:
                self.deformation.write(self.images, chosen, network.x[rows], part, self.strength)
            else:  # mode="clip" gathers straight into the buffer; the default mode gathers into a hidden copy
                np.take(self.images, chosen, axis=0, out=network.x[rows], mode="clip")
            y = np.take(self.labels, chosen, out=self.y[rows], mode="clip")
            logits = network.forward(rows, part)
            self.losses[part] = self.loss.part(rows, logits, y, len(self.batch))
            network.backward(rows, part)

        return task

    def measurer(self, number: int) -> Task:
        """The gradient of a block, and the sum of its squares."""
        block = self.blocks[number]

        def task(member: int) -> None:  # noqa: ARG001
            self.measure(number, block)

        return task

    def measure(self, number: int, block: Block) -> None:
        """The gradient of a block, and the sum of its squares."""
        self.network.gradient(block, slice(0, len(self.batch)), len(self.parts))
        grads = self.network.grads[block.params]
        self.squares[number] = float(np.dot(grads, grads))

    def updater(self, number: int) -> Task:
        """The task of round 2: gradient and step of one block."""
        block = self.blocks[number]
        params, grads = self.network.params[block.params], self.network.grads[block.params]
        weights = max(0, min(len(params), self.network.decayed - block.params.start))  # they come first
        l2 = self.extras.l2 if weights else 0.0

        def task(member: int) -> None:
            scratch = self.scratch[member][: len(params)]
            if self.extras.clip_norm is None:
                self.measure(number, block)
            elif self.factor != 1.0:
                np.multiply(grads, self.factor, out=grads)
            if l2:
                np.multiply(params[:weights], l2, out=scratch[:weights])
                grads[:weights] += scratch[:weights]
            self.optimizer.update(block.params, scratch)
            if self.average is not None and self.extras.max_norm is None:
                self.average.update(block.params, scratch)

        return task

    def averager(self, number: int) -> Task:
        """The average of a block, where it has to wait for the limits."""
        block = self.blocks[number].params

        def task(member: int) -> None:
            if self.average is not None:
                self.average.update(block, self.scratch[member][: block.stop - block.start])

        return task

    def limiter(self, layer: Dense) -> Task:
        """Bound the weights into the units of a layer."""

        def task(member: int) -> None:  # noqa: ARG001
            limit_norms(layer.W, self.extras.max_norm or 0.0)

        return task

    def largest_weight(self) -> str:
        """Where the largest weight stands, for a run that has diverged."""
        dense = [layer for layer in self.network.layers if isinstance(layer, Dense)]
        sizes = [float(np.max(np.abs(layer.W))) for layer in dense]
        worst = max(range(len(dense)), key=lambda number: (not isfinite(sizes[number]), sizes[number]))
        return f"the largest weight is {sizes[worst]:.3g}, in Dense layer {worst + 1} of {len(dense)}"


def steps_per_epoch(images: int, batch_size: int) -> int:
    """How many batches an epoch has: it shows as many images as there are, and its last batch may be smaller."""
    return ceil(images / batch_size)


def train(
    trainer: Trainer, *, batch_size: int, steps: int, learning_rate: float, schedule: Schedule, seed: int
) -> Iterator[Step]:
    """Train in place, step by step: yields a Step after each, and trains on when the next is asked for.

    Every epoch shows the images in a new order, drawn from seed and epoch; with hard examples, some of them more
    than once, and others not at all.

    Raises Diverged as soon as the loss or the norm of the gradient is not finite, or a parameter after the last
    step; the parameters are then of no use.
    """
    network, images, deformation = trainer.network, len(trainer.images), trainer.deformation
    step = epoch = 0
    while step < steps:
        epoch += 1
        rng, hard = stream(seed, Purpose.ORDER, epoch), trainer.hard_examples
        order = rng.permutation(images) if hard is None else hard.order(rng, epoch)
        for number, layer in enumerate(network.layers):
            layer.begin_epoch(
                [stream(seed, Purpose.DROPOUT, epoch, number, part) for part in range(network.parts)]
            )
        if deformation is not None:
            deformation.begin_epoch(
                [stream(seed, Purpose.DEFORMATION, epoch, part) for part in range(network.parts)]
            )
        for batch in slices(images, batch_size):
            if step == steps:
                return
            if deformation is not None:
                trainer.strength = deformation.strengths.at(step / steps)
            rate = learning_rate * schedule(step / steps)
            step += 1
            loss, norm = trainer.step(order[batch], rate)
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
