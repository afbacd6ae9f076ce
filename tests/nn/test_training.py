import hashlib
import tracemalloc

import numpy as np
import pytest

from nn import plain
from nn.augmentation import Deformation, DeformationRanges
from nn.batches import epoch_batches
from nn.flat import split
from nn.hard_examples import HardExamples
from nn.inference import predict
from nn.layers import Dense
from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import SGD, Adam, AdamW, Momentum, Nesterov
from nn.parallel import WorkerPool, single_threaded_blas
from nn.random_streams import Purpose, stream
from nn.regularization import ExponentialMovingAverage
from nn.schedules import constant, cosine
from nn.training import Diverged, Trainer, train
from tests.nn.test_optimizers import FORMULAS as KINDS


@pytest.fixture
def blobs(rng):
    """Three clouds of points that a line cannot part, (300, 20), and which cloud each point is of."""
    labels = rng.integers(3, size=300).astype(np.uint8)
    images = rng.standard_normal((300, 20)).astype(np.float32)
    images[:, 0] += 4 * labels
    images[:, 1] += 4 * (labels == 1)
    return images, labels


def run(
    blobs,
    *,
    seed=1,
    batch_size=32,
    steps=100,
    learning_rate=0.05,
    schedule=cosine,
    kind=SGD,
    hidden=(16,),
    shards=2,
    threads=1,
    options=None,
    settings=None,
    decay=None,
):
    """A trained network, its records and its average."""
    images, labels = blobs
    layers = mlp([images.shape[1], *hidden, 3], **(options or {}))
    network = Network(layers, images.shape[1], batch_size, shards)
    network.initialize(stream(seed, Purpose.WEIGHTS))
    average = ExponentialMovingAverage(network.state, decay) if decay else None
    optimizer = kind(network.params, network.grads, network.n_weights)
    with np.errstate(all="ignore"), single_threaded_blas(), WorkerPool(threads) as pool:
        trainer = Trainer(network, optimizer, images, labels, pool=pool, average=average, **(settings or {}))
        length = {"batch_size": batch_size, "steps": steps, "seed": seed}
        records = list(train(trainer, learning_rate=learning_rate, schedule=schedule, **length))
    return network, records, average


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_learns_what_a_line_cannot_part(blobs, kind):
    rate = 0.05 if kind in {SGD, Momentum, Nesterov} else 0.002
    network, records, _ = run(blobs, kind=kind, learning_rate=rate, steps=400)
    images, labels = blobs
    with WorkerPool(1) as pool:
        assert np.mean(predict(network, images, pool).argmax(axis=1) == labels) > 0.97
    assert records[-1].loss < records[0].loss / 5


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(blobs):
    first, records, _ = run(blobs)
    second, again, _ = run(blobs)
    other, _, _ = run(blobs, seed=2)
    assert first.params.tobytes() == second.params.tobytes()
    assert records == again
    assert first.params.tobytes() != other.params.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_changes_no_bit(blobs, kind):
    """200 steps, dropout, batch normalization, an average, clipping, a batch that the shards do not divide."""
    hashes = set()
    for threads in (1, 2, 3, 8):
        network, _, average = run(
            blobs,
            kind=kind,
            threads=threads,
            shards=4,
            batch_size=33,
            steps=200,
            learning_rate=0.01,
            hidden=(64, 32),
            options={"normalization": "batch", "dropout": 0.2, "input_dropout": 0.1},
            settings={"smoothing": 0.05, "clip_norm": 1.0},
            decay=0.99,
        )
        hashes.add(hashlib.sha256(network.params.tobytes() + average.average.tobytes()).hexdigest())
    assert len(hashes) == 1


RANGES = DeformationRanges(rotation=15, elastic=1, thickness=1, unchanged_fraction=0.1, halved_at_end=0.3)


def test_deforming_the_next_batch_meanwhile_changes_no_bit_with_threads(rng):
    """Three epochs, the last batch of each 3 images in one shard; batch normalization, dropout, hard examples."""
    images = rng.random((75, 784), dtype=np.float32)
    labels = rng.integers(3, size=75).astype(np.uint8)
    hashes = set()
    for threads in (1, 2, 3, 8):
        hard_examples = HardExamples(75, 0.2, 2, rows=24, classes=3)
        network, _, _ = run(
            (images, labels),
            kind=AdamW,
            threads=threads,
            shards=4,
            batch_size=24,
            steps=12,
            learning_rate=0.01,
            hidden=(32,),
            options={"normalization": "batch", "dropout": 0.2},
            settings={
                "deformation": Deformation(RANGES, 28, 4, background=0.0, ink=1.0),
                "hard_examples": hard_examples,
            },
        )
        hashes.add(hashlib.sha256(network.state.tobytes() + hard_examples.hardness.tobytes()).hexdigest())
    assert len(hashes) == 1


def test_each_batch_is_deformed_as_if_at_its_own_step(rng):
    """Seven steps, three an epoch; the strength falls to a half in the middle of the second epoch."""
    images, labels, steps = rng.random((20, 784), dtype=np.float32), np.zeros(20, np.uint8), 7
    network = Network(mlp([784, 3]), 784, 8, 2)
    optimizer = SGD(network.params, network.grads, network.n_weights)
    with WorkerPool(2) as pool:
        deformation = Deformation(RANGES, 28, 2, background=0.0, ink=1.0)
        trainer = Trainer(network, optimizer, images, labels, pool=pool, deformation=deformation)
        run = train(trainer, batch_size=8, steps=steps, learning_rate=0.1, schedule=constant, seed=5)
        seen = [network.x[: 4 if step.step % 3 == 0 else 8].copy() for step in run]
    twin, step = Deformation(RANGES, 28, 2, background=0.0, ink=1.0), 0
    strengths = []
    for epoch in (1, 2, 3):
        order = stream(5, Purpose.ORDER, epoch).permutation(20)
        twin.begin_epoch([stream(5, Purpose.DEFORMATION, epoch, shard) for shard in range(2)])
        for start in range(0, 20, 8):
            if step < steps:
                batch = order[start : start + 8]
                expected = np.empty((len(batch), 784), np.float32)
                strengths.append(RANGES.strength_at(step / steps))
                for shard, rows in enumerate(split(len(batch), 2)):
                    twin.deform(images, batch[rows], expected[rows], shard, strengths[-1])
                np.testing.assert_array_equal(seen[step], expected)
                step += 1
    assert strengths == [1, 1, 1, 1, 1, 0.5, 0.5]


def test_blocks_smaller_than_a_layer_change_no_bit_with_threads(rng):
    images = rng.standard_normal((200, 784)).astype(np.float32)
    labels = rng.integers(3, size=200).astype(np.uint8)
    hashes = {
        run(
            (images, labels), kind=Adam, threads=threads, hidden=(600, 300), steps=20, shards=2, learning_rate=1e-3
        )[0].params.tobytes()
        for threads in (1, 2, 3)
    }
    assert len(hashes) == 1


def test_twenty_steps_of_the_engine_are_twenty_plain_steps(rng):
    """nn/plain.py, two hidden layers, float64; three shards on two threads change only the order of sums."""
    images, labels = rng.standard_normal((120, 20)), rng.integers(3, size=120)
    params = plain.initialize([20, 16, 12, 3], rng)
    network = Network(mlp([20, 16, 12, 3]), 20, 30, 3, np.float64)
    weights_and_biases = [pair for pair in network.by_layer(network.params) if pair]
    for arrays, pair in zip(weights_and_biases, params, strict=True):
        for array, values in zip(arrays, pair, strict=True):
            array[:] = values
    with WorkerPool(2) as pool:
        trainer = Trainer(
            network, SGD(network.params, network.grads, network.n_weights), images, labels, pool=pool
        )
        for step in range(20):
            batch = np.arange(30 * step, 30 * (step + 1)) % 120
            loss = plain.step(params, images[batch], labels[batch], 0.1)
            assert trainer.step(batch, 0.1)[0] == pytest.approx(loss, rel=1e-9)
    for arrays, pair in zip(weights_and_biases, params, strict=True):
        for array, values in zip(arrays, pair, strict=True):
            np.testing.assert_allclose(array, values, rtol=1e-9, atol=1e-12)


def test_every_epoch_shows_every_image_once_in_a_new_order(blobs):
    _, labels = blobs
    images = np.arange(300, dtype=np.float32)[:, None]  # each image is its own number
    network = Network(mlp([1, 3]), 1, 32)
    shown: list[int] = []
    with WorkerPool(1) as pool:
        trainer = Trainer(
            network, SGD(network.params, network.grads, network.n_weights), images, labels, pool=pool
        )
        steps = 2 * len(epoch_batches(300, 32))
        for _ in train(trainer, batch_size=32, steps=steps, learning_rate=1e-9, schedule=constant, seed=0):
            shown += network.x[: min(32, 300 - len(shown) % 300), 0].astype(int).tolist()
    assert sorted(shown[:300]) == sorted(shown[300:]) == list(range(300))
    assert shown[:300] != shown[300:]


def test_a_record_tells_step_epoch_rate_and_loss(blobs):
    _, records, _ = run(blobs, steps=25, learning_rate=0.5)
    assert [record.step for record in records] == list(range(1, 26))
    assert [record.epoch for record in records] == [1] * 10 + [2] * 10 + [3] * 5
    assert records[0].learning_rate == 0.5
    assert records[-1].learning_rate < 0.01


def test_clipping_bounds_the_step(blobs):
    free, _, _ = run(blobs, steps=1, learning_rate=1.0, schedule=constant)
    clipped, _, _ = run(blobs, steps=1, learning_rate=1.0, schedule=constant, settings={"clip_norm": 0.1})
    start, _, _ = run(blobs, steps=1, learning_rate=1e-30, schedule=constant)
    assert np.linalg.norm(clipped.params - start.params) == pytest.approx(0.1, rel=1e-4)
    assert np.linalg.norm(free.params - start.params) > 0.2


def test_a_loss_that_is_not_finite_ends_the_run_and_says_where(blobs):
    message = r"(the loss|the norm of the gradient) is (nan|inf) at iteration \d+, learning rate 1e\+10; the"
    with pytest.raises(Diverged, match=message):
        run(blobs, learning_rate=1e10, schedule=constant)


def test_a_last_step_that_leads_nowhere_is_noticed(blobs):
    with pytest.raises(Diverged, match=r"a parameter is not finite at iteration 1, learning rate 1e\+300"):
        run(blobs, learning_rate=1e300, steps=1)


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_a_step_allocates_nothing_that_grows_with_the_batch(rng, kind, normalization):
    """With all that the default recipe adds to a step but deformation: an average and hard examples."""
    peaks = []
    for batch_size in (8192, 262_144):
        images = rng.standard_normal((batch_size, 10)).astype(np.float32)
        labels = rng.integers(10, size=batch_size).astype(np.uint8)
        network = Network(mlp([10, 8, 6, 10], normalization=normalization), 10, batch_size)
        network.initialize(rng)
        with WorkerPool(1) as pool:
            trainer = Trainer(
                network,
                kind(network.params, network.grads, network.n_weights),
                images,
                labels,
                pool=pool,
                average=ExponentialMovingAverage(network.state, 0.99),
                hard_examples=HardExamples(batch_size, 0.1, 3, rows=batch_size, classes=10),
            )
            order = np.arange(batch_size)
            trainer.step(order, 0.01)
            tracemalloc.start()
            trainer.step(order, 0.01)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    # NumPy works through buffers of 8,192 numbers where it converts or broadcasts, whatever the batch.
    assert peaks[1] < peaks[0] + 10_000, peaks
    assert peaks[1] < 200_000


@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_the_average_is_of_all_parameters_and_running_statistics(rng, clip_norm):
    network = Network(mlp([6, 5, 3], normalization="batch"), 6, 8, 2)
    network.initialize(rng)
    average = ExponentialMovingAverage(network.state, 0.9)
    expected = network.state.copy()
    images, labels = rng.standard_normal((8, 6)).astype(np.float32), rng.integers(3, size=8).astype(np.uint8)
    optimizer = SGD(network.params, network.grads, network.n_weights)
    with WorkerPool(1) as pool:
        trainer = Trainer(network, optimizer, images, labels, pool=pool, average=average, clip_norm=clip_norm)
        for step in range(1, 4):
            trainer.step(np.arange(8), 0.1)
            expected += (1 - min(0.9, (1 + step) / (10 + step))) * (network.state - expected)
    np.testing.assert_allclose(average.average, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(trainer.inference_parameters(), average.average)


def test_a_gradient_of_zero_is_not_clipped():
    network = Network([Dense(2, 2, 1.0)], 2, 2)
    optimizer = SGD(network.params, network.grads, network.n_weights)
    images, labels = np.zeros((2, 2), np.float32), np.array([0, 1], np.uint8)
    with WorkerPool(1) as pool:
        trainer = Trainer(network, optimizer, images, labels, pool=pool, clip_norm=1.0)
        assert trainer.step(np.arange(2), 0.1)[1] == 0.0


def test_where_the_largest_weight_stands_is_said_of_a_nan_too(rng):
    network = Network(mlp([2, 3, 3, 2]), 2, 2)
    network.initialize(rng)
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    dense[1].W[0, 0] = np.nan
    optimizer = SGD(network.params, network.grads, network.n_weights)
    with WorkerPool(1) as pool:
        trainer = Trainer(network, optimizer, np.zeros((2, 2), np.float32), np.zeros(2, np.uint8), pool=pool)
    assert trainer.largest_weight() == "the largest weight is nan, in Dense layer 2 of 3"
