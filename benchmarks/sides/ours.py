"""`nn` of this project."""

from collections.abc import Callable
from itertools import cycle

import numpy as np
import threadpoolctl

from benchmarks.accuracy import Classify, Learn
from benchmarks.networks import IMAGES
from nn.augmentation import Deformation, DeformationRanges
from nn.flat import slices
from nn.inference import PARTS, fold, inference_network
from nn.mlp import mlp
from nn.network import Network, training_flops_per_example
from nn.optimizers import Adam, Momentum
from nn.parallel import WorkerPool, default_shards, default_threads
from nn.prediction import predict as predict_rows
from nn.random_streams import Purpose, stream
from nn.training import Trainer

VERSIONS = {"numpy": np.__version__, "blas": threadpoolctl.threadpool_info()[0].get("architecture", "?")}


def data(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    return rng.random((images, 784), dtype=np.float32), rng.integers(10, size=images).astype(np.uint8)


def trainer(
    widths: list[int],
    batch: int,
    optimizer: str,
    threads: int,
    *,
    images: np.ndarray,
    labels: np.ndarray,
    seed: int,
) -> Trainer:
    """As the stage `train` makes it."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    layers = mlp(widths)
    work = training_flops_per_example(layers) * batch
    network = Network(layers, widths[0], batch, default_shards(batch, work))
    network.initialize(stream(seed, Purpose.WEIGHTS))
    kind = Momentum if optimizer == "sgd" else Adam
    team = WorkerPool(min(threads, default_threads(network.parts, work)))
    return Trainer(network, kind(network.params, network.grads, network.decayed), images, labels, team=team)


STRENGTHS = DeformationRanges(
    rotation=15, shear=15, scale=0.15, shift=1, elastic=1, elastic_sigma=5, thickness=1, unchanged_fraction=0.1
)


def train(
    widths: list[int], batch: int, optimizer: str, threads: int, images: int = IMAGES, *, deformed: bool = False
) -> Callable[[], None]:
    """One step, images gathered from a shuffled order, and deformed if wanted."""
    x, y = data(images)
    made = trainer(widths, batch, optimizer, threads, images=x, labels=y, seed=0)
    if deformed:
        made.deformation = Deformation(STRENGTHS, 28, made.network.parts, background=0.0, ink=1.0)
        made.deformation.begin_epoch([np.random.default_rng(part) for part in range(made.network.parts)])
    order = np.random.default_rng(1).permutation(images)
    batches = cycle([order[rows] for rows in slices(images - images % batch, batch)])
    return lambda: made.step(next(batches), 0.001)


def learner(
    *, widths: list[int], batch: int, rate: float, seed: int, threads: int, images: np.ndarray, labels: np.ndarray
) -> tuple[Learn, Classify]:
    """Adam with a constant rate."""
    made = trainer(widths, batch, "adam", threads, images=images, labels=labels, seed=seed)
    reader = inference_network(made.network)

    def learn(batches: list[np.ndarray]) -> None:
        for chosen in batches:
            made.step(chosen, rate)

    def classify(x: np.ndarray) -> np.ndarray:
        fold(made.network, *made.inference_parameters(), reader)
        return predict_rows(reader, x, made.team).argmax(axis=1)

    return learn, classify


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Logits of one batch."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    images, _ = data(batch)
    network = Network(mlp(widths), widths[0], min(batch, 2048), PARTS, trains=False)
    network.initialize(stream(0, Purpose.WEIGHTS))
    team = WorkerPool(threads)
    return lambda: predict_rows(network, images, team)
