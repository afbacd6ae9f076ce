import tracemalloc

import numpy as np
import pytest

from nn.layers import Dense
from nn.network import Network, fully_connected, predict
from nn.optimizers import SGD, Adam
from nn.schedules import constant, cosine
from nn.streams import Purpose, stream
from nn.training import Diverged, steps_per_epoch, train


@pytest.fixture
def blobs(rng):
    """Three clouds of points that a line cannot part, (300, 20), and which cloud each point is of."""
    labels = rng.integers(3, size=300).astype(np.uint8)
    images = rng.standard_normal((300, 20)).astype(np.float32)
    images[:, 0] += 4 * labels
    images[:, 1] += 4 * (labels == 1)
    return images, labels


def run(blobs, *, seed=1, batch_size=32, steps=100, learning_rate=0.05, schedule=cosine, make=SGD, hidden=(16,)):
    images, labels = blobs
    network = Network(fully_connected([images.shape[1], *hidden, 3]), batch_size)
    network.initialize(stream(seed, Purpose.WEIGHTS))
    optimizer = make(network.params.size)
    records = list(
        train(
            network,
            optimizer,
            images,
            labels,
            batch_size=batch_size,
            steps=steps,
            learning_rate=learning_rate,
            schedule=schedule,
            seed=seed,
        )
    )
    return network, records


def dense(network):
    """The first layer."""
    layer = network.layers[0]
    assert isinstance(layer, Dense)
    return layer


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_network_learns_what_a_line_cannot_part(blobs, make):
    network, records = run(blobs, make=make, steps=300)
    images, labels = blobs
    assert np.mean(predict(network, images).argmax(axis=1) == labels) > 0.97
    assert records[-1].loss < records[0].loss / 5


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(blobs):
    first, records = run(blobs)
    second, again = run(blobs)
    other, _ = run(blobs, seed=2)
    assert first.params.tobytes() == second.params.tobytes()
    assert records == again
    assert first.params.tobytes() != other.params.tobytes()


def test_every_epoch_shows_every_image_once_in_a_new_order(blobs):
    images, labels = blobs
    images = np.arange(len(images), dtype=np.float32)[:, None]  # each image is its own number
    network = Network(fully_connected([1, 3]), 32)
    shown = []
    for _ in train(
        network,
        SGD(network.params.size),
        images,
        labels,
        batch_size=32,
        steps=2 * steps_per_epoch(300, 32),
        learning_rate=1e-9,
        schedule=constant,
        seed=0,
    ):
        shown += dense(network).x[:, 0].astype(int).tolist()
    assert sorted(shown[:300]) == sorted(shown[300:]) == list(range(300))
    assert shown[:300] != shown[300:]


def test_a_record_tells_step_epoch_rate_and_loss(blobs):
    _, records = run(blobs, steps=25, learning_rate=0.5)
    assert [record.step for record in records] == list(range(1, 26))
    assert [record.epoch for record in records] == [1] * 10 + [2] * 10 + [3] * 5
    assert records[0].learning_rate == 0.5
    assert records[-1].learning_rate < 0.01


def test_one_step_of_plain_gradient_descent_is_the_formula(blobs):
    """With one batch of all rows, params - rate * gradient, whatever the order of the rows."""
    images, labels = blobs
    network, _ = run(blobs, batch_size=300, steps=1, schedule=constant, hidden=())
    before = Network(fully_connected([20, 3]), 300)
    before.initialize(stream(1, Purpose.WEIGHTS))
    logits = before.forward(images).astype(np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p[np.arange(300), labels] -= 1
    wanted = dense(before).W - 0.05 * images.T @ p / 300
    np.testing.assert_allclose(dense(network).W, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_ends_the_run(blobs):
    with pytest.raises(Diverged, match=r"the loss is (nan|inf) at iteration \d+, learning rate 1e\+10"):
        run(blobs, learning_rate=1e10, schedule=constant)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_last_step_that_leads_nowhere_is_noticed(blobs):
    with pytest.raises(Diverged, match="a parameter is not finite at iteration 1, learning rate 1e\\+300"):
        run(blobs, learning_rate=1e300, steps=1)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_step_allocates_nothing_that_grows_with_the_batch(rng, make):
    peaks = []
    for batch_size in (8192, 32768):
        images = rng.standard_normal((batch_size, 50)).astype(np.float32)
        labels = rng.integers(10, size=batch_size).astype(np.uint8)
        network = Network(fully_connected([50, 40, 30, 10]), batch_size)
        network.initialize(rng)
        steps = train(
            network,
            make(network.params.size),
            images,
            labels,
            batch_size=batch_size,
            steps=50,
            learning_rate=0.01,
            schedule=constant,
            seed=0,
        )
        for _ in range(2):  # buffers are made, and an order of the images
            next(steps)
        order_of_an_epoch = 8 * batch_size
        tracemalloc.start()
        next(steps)
        peaks.append(tracemalloc.get_traced_memory()[1] - order_of_an_epoch)
        tracemalloc.stop()
    # NumPy works through buffers of 8,192 numbers where it converts or broadcasts, whatever the batch.
    assert peaks[1] < peaks[0] + 10_000, peaks
    assert peaks[1] < 200_000
