"""`nn` of this project."""

from collections.abc import Callable
from functools import cache
from itertools import cycle, pairwise

import numpy as np
import threadpoolctl

from benchmarks.accuracy import Classify, Learn
from benchmarks.networks import IMAGES, RECIPE
from nn import aligned
from nn.augmentation import Deformation, DeformationRanges
from nn.batches import Ahead
from nn.flat import slices
from nn.hard_examples import HardExamples
from nn.inference import INFERENCE_ROWS, INFERENCE_SHARDS, fold_batch_norm, inference_network
from nn.inference import predict as predict_rows
from nn.mlp import mlp
from nn.network import Network, training_flops_per_example
from nn.optimizers import Adam, AdamW, Momentum
from nn.parallel import WorkerPool, default_shards, default_threads
from nn.random_streams import Purpose, stream
from nn.regularization import ExponentialMovingAverage
from nn.schedules import constant
from nn.training import Trainer
from nn.training import train as train_by_steps

VERSIONS = {"numpy": np.__version__, "blas": threadpoolctl.threadpool_info()[0].get("architecture", "?")}


def data(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    return rng.random((images, 784), dtype=np.float32), rng.integers(10, size=images).astype(np.uint8)


@cache
def worker_pool(threads: int) -> WorkerPool:
    """One for all networks of this process: its threads never end."""
    return WorkerPool(threads)


def trainer(
    widths: list[int],
    batch: int,
    optimizer: str,
    threads: int,
    *,
    images: np.ndarray,
    labels: np.ndarray,
    seed: int,
    ranges: DeformationRanges | None = None,
) -> Trainer:
    """As the stage `train` makes it."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    np.seterr(all="ignore")  # the threads of a pool have what their maker has
    layers = mlp(widths)
    flops = training_flops_per_example(layers) * batch
    network = Network(layers, widths[0], batch, default_shards(batch, flops))
    network.initialize(stream(seed, Purpose.WEIGHTS))
    kind = Momentum if optimizer == "sgd" else Adam
    pool = worker_pool(min(threads, default_threads(network.shards, flops)))
    deformation = None
    if ranges is not None:
        deformation = Deformation(ranges, 28, network.shards, background=0.0, ink=1.0)
        deformation.begin_epoch([np.random.default_rng(shard) for shard in range(network.shards)])
    parameters = kind(network.params, network.grads, network.n_weights)
    return Trainer(network, parameters, images, labels, pool=pool, deformation=deformation)


RANGES = DeformationRanges(
    rotation=15, shear=15, scale=0.15, shift=1, elastic=1, elastic_sigma=5, thickness=1, unchanged_fraction=0.1
)


def train(
    widths: list[int], batch: int, optimizer: str, threads: int, images: int = IMAGES, *, deformed: bool = False
) -> Callable[[], None]:
    """One step, images gathered from a shuffled order, and deformed if wanted."""
    x, y = data(images)
    ranges = RANGES if deformed else None
    made = trainer(widths, batch, optimizer, threads, images=x, labels=y, seed=0, ranges=ranges)
    order = np.random.default_rng(1).permutation(images)
    batches = [order[rows] for rows in slices(images - images % batch, batch)]
    pairs = cycle(zip(batches, batches[1:] + batches[:1], strict=True))
    made.prepare(Ahead(batches[0]))

    def one() -> None:
        chosen, following = next(pairs)
        made.step(chosen, 0.001, Ahead(following))

    return one


def recipe(threads: int) -> Callable[[], None]:
    """A step with all that those of the committed recipe have, on made-up images and at a constant rate."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    np.seterr(all="ignore")
    x, y = data(IMAGES)
    layers = mlp(RECIPE, normalization="batch")
    batch, shards = 512, 4
    network = Network(layers, RECIPE[0], batch, shards)
    network.initialize(stream(0, Purpose.WEIGHTS))
    deformation = Deformation(RANGES, 28, shards, background=0.0, ink=1.0)
    made = Trainer(
        network,
        AdamW(network.params, network.grads, network.n_weights, beta2=0.99, weight_decay=0.05),
        x,
        y,
        pool=worker_pool(threads),
        smoothing=0.05,
        average=ExponentialMovingAverage(network.state, 0.999),
        deformation=deformation,
        hard_examples=HardExamples(IMAGES, 0.15, 3, rows=batch, classes=10),
    )
    steps = train_by_steps(made, batch_size=batch, steps=10**9, learning_rate=0.005, schedule=constant, seed=0)

    def one() -> None:
        next(steps)

    return one


def products(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """The matrix products of a step by NumPy, on so many threads of BLAS, and nothing else."""
    threadpoolctl.threadpool_limits(limits=threads, user_api="blas")
    rng = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        made = aligned.empty(shape, np.float32)
        rng.random(out=made, dtype=np.float32)
        return made

    layers = [(array(batch, i), array(i, o), array(batch, o)) for i, o in pairwise(widths)]
    outs = [(array(batch, o), array(batch, i), array(i, o)) for i, o in pairwise(widths)]

    def one() -> None:
        for number, ((x, W, dy), (y, dx, dW)) in enumerate(zip(layers, outs, strict=True)):
            np.matmul(x, W, out=y)
            np.matmul(x.T, dy, out=dW)
            if number:
                np.matmul(dy, W.T, out=dx)

    return one


def learner(
    *, widths: list[int], batch: int, rate: float, seed: int, threads: int, images: np.ndarray, labels: np.ndarray
) -> tuple[Learn, Classify]:
    """Adam with a constant rate."""
    made = trainer(widths, batch, "adam", threads, images=images, labels=labels, seed=seed)
    model = inference_network(made.network)

    def learn(batches: list[np.ndarray]) -> None:
        for chosen in batches:
            made.step(chosen, rate)

    def classify(x: np.ndarray) -> np.ndarray:
        fold_batch_norm(made.network, made.inference_parameters(), model)
        return predict_rows(model, x, made.pool).argmax(axis=1)

    return learn, classify


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Logits of one batch."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    np.seterr(all="ignore")  # the threads of a pool have what their maker has
    images, _ = data(batch)
    network = Network(mlp(widths), widths[0], min(batch, INFERENCE_ROWS), INFERENCE_SHARDS, trains=False)
    network.initialize(stream(0, Purpose.WEIGHTS))
    pool = worker_pool(threads)
    return lambda: predict_rows(network, images, pool)
