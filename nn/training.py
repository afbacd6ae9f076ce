"""Training: draw a batch, forward, backward, one step of the optimiser; again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
from threadpoolctl import threadpool_limits

from nn.flat import Array
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Network, slices
from nn.optimizers import Optimizer
from nn.streams import Purpose, stream


@dataclass(frozen=True)
class Step:
    """What one step was: its number and epoch, both from 1, the rate it was taken at, the loss before it."""

    step: int
    epoch: int
    learning_rate: float
    loss: float


class Diverged(ArithmeticError):
    """Something is no finite number any more: the learning rate is too high for this network."""

    def __init__(self, what: str, step: Step) -> None:
        super().__init__(f"{what} at iteration {step.step}, learning rate {step.learning_rate:g}")


def steps_per_epoch(images: int, batch_size: int) -> int:
    """An epoch shows every image once; its last batch may be smaller."""
    return ceil(images / batch_size)


def train(
    network: Network,
    optimizer: Optimizer,
    images: Array,
    labels: Labels,
    *,
    batch_size: int,
    steps: int,
    learning_rate: float,
    schedule: Callable[[float], float],
    seed: int,
) -> Iterator[Step]:
    """Train in place, step by step: yields a Step after each, and trains on when the next is asked for.

    images (n, inputs) and labels (n,); every epoch shows them in a new order, drawn from seed and epoch. One
    BLAS thread, because the number of threads changes the order of sums, and with it the bits.

    Raises Diverged as soon as a loss, or a parameter after the last step, is not finite; the parameters are then
    of no use.
    """
    x = np.empty((batch_size, images.shape[1]), network.params.dtype)
    y = np.empty(batch_size, labels.dtype)
    loss_of = SoftmaxCrossEntropy(batch_size, network.outputs, network.params.dtype.type)
    step = epoch = 0
    with threadpool_limits(limits=1, user_api="blas"):
        while step < steps:
            epoch += 1
            order = stream(seed, Purpose.ORDER, epoch).permutation(len(images))
            for batch in slices(len(images), batch_size):
                if step == steps:
                    return
                rate = learning_rate * schedule(step / steps)
                step += 1

                rows = order[batch]
                n = len(rows)
                # mode="clip" gathers straight into the buffer; the default mode gathers into a hidden copy.
                np.take(images, rows, axis=0, out=x[:n], mode="clip")
                np.take(labels, rows, out=y[:n], mode="clip")
                logits = network.forward(x[:n])
                loss = loss_of(logits, y[:n])
                record = Step(step, epoch, rate, loss)
                if not isfinite(loss):
                    raise Diverged(f"the loss is {loss}", record)
                network.backward(logits)
                optimizer.step(network.params, network.grads, rate)
                # The last step has no next loss that would tell.
                if step == steps and not np.isfinite(network.params).all():
                    raise Diverged("a parameter is not finite", record)
                yield record
