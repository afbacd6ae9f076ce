"""`nn` of this project."""

from collections.abc import Callable
from itertools import cycle

import numpy as np
import threadpoolctl

from benchmarks.networks import IMAGES
from nn.architecture import fully_connected
from nn.flat import slices
from nn.inference import PARTS
from nn.network import Network, training_work
from nn.optimizers import Adam, Momentum
from nn.prediction import predict as predict_rows
from nn.streams import Purpose, stream
from nn.threads import Team, suitable_parts, suitable_threads
from nn.training import Trainer

VERSIONS = {"numpy": np.__version__, "blas": threadpoolctl.threadpool_info()[0].get("architecture", "?")}


def data() -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    return rng.random((IMAGES, 784), dtype=np.float32), rng.integers(10, size=IMAGES).astype(np.uint8)


def train(widths: list[int], batch: int, optimizer: str, threads: int) -> Callable[[], None]:
    """One step, images gathered from a shuffled order."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    images, labels = data()
    layers = fully_connected(widths)
    work = training_work(layers) * batch
    network = Network(layers, widths[0], batch, suitable_parts(batch, work))
    network.initialize(stream(0, Purpose.WEIGHTS))
    kind = Momentum if optimizer == "sgd" else Adam
    team = Team(min(threads, suitable_threads(network.parts, work)))
    trainer = Trainer(network, kind(network.params, network.grads, network.decayed), images, labels, team=team)
    order = np.random.default_rng(1).permutation(IMAGES)
    batches = cycle([order[rows] for rows in slices(IMAGES - IMAGES % batch, batch)])
    return lambda: trainer.step(next(batches), 0.001)


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Logits of one batch."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    images, _ = data()
    network = Network(fully_connected(widths), widths[0], min(batch, 2048), PARTS, trains=False)
    network.initialize(stream(0, Purpose.WEIGHTS))
    team = Team(threads)
    return lambda: predict_rows(network, images[:batch], team)
