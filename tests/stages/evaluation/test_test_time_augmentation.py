import numpy as np
import pytest
from scipy import ndimage

from nn.inference import predict
from nn.losses import softmax
from nn.mlp import mlp
from nn.network import Network
from nn.parallel import WorkerPool
from stages.evaluation import test_time_augmentation as views


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -1), (-1, 1), (0, 0), (3, 2)])
def test_an_image_moves_by_whole_pixels_and_background_moves_in(rng, down, right):
    images = rng.random((3, 784)).astype(np.float32)
    moved = views.moved(images, down, right, background=-0.4)
    for image, result in zip(images.reshape(-1, 28, 28), moved.reshape(-1, 28, 28), strict=True):
        assert np.array_equal(result, ndimage.shift(image, (down, right), order=0, cval=-0.4))


@pytest.mark.parametrize("number", [1, 5, 9])
def test_there_are_as_many_different_views_as_the_number_says(number):
    moves = [(0, 0), *views.MOVES[number]]
    assert len(set(moves)) == number
    assert all(abs(way) <= 1 for move in moves for way in move)
    assert np.sum(moves, axis=0).tolist() == [0, 0]


def test_the_average_is_the_mean_of_what_each_view_alone_gives(rng):
    network = Network(mlp([784, 8, 10]), 784, 20, 2)
    network.initialize(rng)
    images = rng.random((20, 784)).astype(np.float32)
    with WorkerPool(1) as pool:
        alone = [
            softmax(predict(network, views.moved(images, *move, background=0.2), pool))
            for move in [(0, 0), *views.MOVES[5]]
        ]
        average = views.averaged(network, images, alone[0], views.MOVES[5], background=0.2, pool=pool)
    assert average == pytest.approx(np.mean(alone, axis=0), abs=1e-6)
    assert np.abs(average - alone[0]).max() > 1e-3
