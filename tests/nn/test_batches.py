import numpy as np
import pytest

from nn.augmentation import Deformation, DeformationRanges
from nn.batches import Ahead, BatchLoader
from nn.mlp import mlp
from nn.network import Network

RANGES = DeformationRanges(rotation=20, elastic=1, thickness=1)


def deformation():
    """Of two shards, at the beginning of an epoch."""
    made = Deformation(RANGES, 28, 2, background=0.0, ink=1.0)
    made.begin_epoch([np.random.default_rng(shard) for shard in range(2)])
    return made


@pytest.fixture
def network():
    return Network(mlp([784, 4, 10]), 784, rows=8, shards=2)


def test_images_deformed_ahead_are_those_that_would_be_deformed_at_once(rng, network):
    images, labels = rng.random((40, 784), dtype=np.float32), rng.integers(10, size=40).astype(np.uint8)
    batches = list(rng.permutation(40).reshape(5, 8))
    loader, twin = BatchLoader(images, labels, network, deformation()), deformation()
    for task in loader.tasks_ahead(Ahead(batches[0], 0.5)):
        task()
    for batch, following in zip(batches, [*batches[1:], None], strict=True):
        shards = loader.begin_batch(batch)
        for task in loader.tasks_ahead(None if following is None else Ahead(following, 0.5)):
            task()  # before the images of this batch have been gathered
        expected = np.empty((8, 784), np.float32)
        for shard, rows in enumerate(shards):
            loader.gather(batch, rows)
            twin.deform(images, batch[rows], expected[rows], shard, 0.5)
        np.testing.assert_array_equal(network.x, expected)
        np.testing.assert_array_equal(loader.batch_labels, labels[batch])


def test_without_deformation_there_is_nothing_to_do_ahead(rng, network):
    images, labels = rng.random((40, 784), dtype=np.float32), rng.integers(10, size=40).astype(np.uint8)
    loader, batch = BatchLoader(images, labels, network), rng.permutation(40)[:8]
    assert loader.tasks_ahead(Ahead(batch)) == []
    for rows in loader.begin_batch(batch):
        loader.gather(batch, rows)
    np.testing.assert_array_equal(network.x, images[batch])
    np.testing.assert_array_equal(loader.batch_labels, labels[batch])


def test_a_batch_that_was_not_deformed_ahead_is_refused(rng, network):
    images, labels = rng.random((40, 784), dtype=np.float32), np.zeros(40, np.uint8)
    loader = BatchLoader(images, labels, network, deformation())
    loader.tasks_ahead(Ahead(np.arange(8)))
    with pytest.raises(ValueError, match="not been deformed ahead"):
        loader.begin_batch(np.arange(8, 16))
