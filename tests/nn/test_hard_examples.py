"""Which images an epoch shows when the hard ones come more often, and how hard each is taken to be."""

import numpy as np
import pytest

from nn.hard_examples import HardExamples
from nn.inference import predict
from nn.losses import softmax
from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import SGD
from nn.parallel import WorkerPool
from nn.random_streams import Purpose, stream
from nn.schedules import constant
from nn.training import Trainer, train


def some_examples(images, fraction, repeats, rows=30, kind=HardExamples):
    return kind(images, fraction, repeats, rows=rows, classes=5)


def a_trainer(rng, pool, hard_examples, images=90):
    network = Network(mlp([20, 16, 5]), 20, 30, 2)
    network.initialize(stream(0, Purpose.WEIGHTS))
    x = rng.standard_normal((images, 20)).astype(np.float32)
    y = rng.integers(5, size=images).astype(np.uint8)
    optimizer = SGD(network.params, network.grads, network.n_weights)
    return Trainer(network, optimizer, x, y, pool=pool, smoothing=0.1, hard_examples=hard_examples)


@pytest.mark.parametrize(("fraction", "repeats"), [(0.15, 3), (0.5, 2), (0.25, 4), (0.001, 5)])
def test_an_epoch_shows_the_hardest_images_several_times_and_others_at_most_once(rng, fraction, repeats):
    examples = some_examples(200, fraction, repeats)
    examples.hardness[:] = rng.permutation(200) / 100
    hardest = np.argsort(-examples.hardness)[: int(200 * fraction)]
    order = examples.epoch_order(rng, 3)
    shown = np.bincount(order, minlength=200)
    assert len(order) == 200
    assert np.all(shown[hardest] == repeats)
    assert np.all(np.delete(shown, hardest) <= 1)
    assert not np.array_equal(examples.epoch_order(rng, 4), order)
    if 0 < fraction * repeats < 1 and len(hardest):
        assert set(examples.epoch_order(rng, 4)) != set(order)  # other ones of those that are not hard


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_first_epochs_show_every_image_once(rng, epoch):
    assert np.array_equal(np.sort(some_examples(200, 0.2, 3).epoch_order(rng, epoch)), np.arange(200))


def update(examples, batch, differences):
    """A step whose images have these p - t."""
    dlogits = np.array(differences, np.float32) / len(batch)
    examples.measure(slice(0, len(batch)), dlogits, len(batch))
    examples.update(np.array(batch))


def test_the_first_showing_counts_whole_and_the_later_ones_half():
    examples = HardExamples(4, 0.5, 2, rows=3, classes=2)
    update(examples, [2, 0], [[0.5, -0.5], [0.1, -0.1]])
    assert examples.hardness == pytest.approx([0.2, np.nan, 1.0, np.nan], nan_ok=True)
    update(examples, [2, 1, 2], [[0.2, -0.2], [0.3, -0.3], [0.9, -0.9]])
    assert examples.hardness == pytest.approx([0.2, 0.6, 0.7, np.nan], nan_ok=True)  # twice in a batch: the first


def test_it_is_what_a_loop_over_the_rows_finds(rng):
    """The naive twin: batches in which images come up to three times, measured in shards."""
    examples = HardExamples(40, 0.5, 2, rows=30, classes=10)
    naive: dict[int, float] = {}
    for _ in range(20):
        batch = rng.permutation(np.tile(np.arange(40), 3))[:30]
        dlogits = rng.uniform(-1, 1, (30, 10)).astype(np.float32) / 30
        for rows in (slice(0, 11), slice(11, 30)):
            examples.measure(rows, dlogits[rows], 30)
        examples.update(batch)
        seen = set()
        for image, row in zip(batch.tolist(), dlogits, strict=True):
            if image not in seen:
                distance = np.abs(row * 30).sum()
                naive[image] = (naive[image] + distance) / 2 if image in naive else distance
                seen.add(image)
    assert examples.hardness == pytest.approx([naive.get(image, np.nan) for image in range(40)], nan_ok=True)


def test_an_image_is_as_hard_as_its_probabilities_are_far_from_their_target(rng):
    examples = some_examples(90, 0.2, 3)
    with WorkerPool(1) as pool:
        trainer = a_trainer(rng, pool, examples)
        batch = rng.permutation(90)[:25]
        p = softmax(np.array(predict(trainer.network, trainer.loader.images[batch], pool)))
        trainer.step(batch, 0.1)
    t = np.full((25, 5), 0.1 / 5)
    t[np.arange(25), trainer.loader.labels[batch]] += 0.9
    assert np.allclose(examples.hardness[batch], np.abs(p - t).sum(axis=1), atol=1e-5)


def test_after_two_epochs_training_shows_the_hardest_images_more_often(rng):
    shown = []

    class Watched(HardExamples):
        def update(self, batch):
            shown.append((batch, self.hardness.copy()))
            super().update(batch)

    with WorkerPool(1) as pool:
        trainer = a_trainer(rng, pool, some_examples(90, 0.2, 3, kind=Watched))
        for _ in train(trainer, batch_size=30, steps=9, learning_rate=0.1, schedule=constant, seed=0):
            pass
    epochs = [np.concatenate([batch for batch, _ in shown[first : first + 3]]) for first in (0, 3, 6)]
    assert [np.array_equal(np.sort(epoch), np.arange(90)) for epoch in epochs] == [True, True, False]
    hardest = np.argsort(-shown[6][1], kind="stable")[:18]
    assert np.array_equal(np.flatnonzero(np.bincount(epochs[2], minlength=90) == 3), np.sort(hardest))
