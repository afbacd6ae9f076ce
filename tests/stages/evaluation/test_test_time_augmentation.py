import numpy as np
import pytest
from scipy import ndimage

from nn.inference import predict
from nn.losses import softmax
from nn.mlp import mlp
from nn.network import Network
from nn.parallel import WorkerPool
from stages.evaluation.test_time_augmentation import SHIFTS, predict_averaged, shifted


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -1), (-1, 1), (0, 0), (3, 2)])
def test_an_image_is_shifted_by_whole_pixels_and_the_gap_is_filled(rng, down, right):
    images = rng.random((3, 784)).astype(np.float32)
    result = shifted(images, down, right, fill=-0.4)
    for image, found in zip(images.reshape(-1, 28, 28), result.reshape(-1, 28, 28), strict=True):
        assert np.array_equal(found, ndimage.shift(image, (down, right), order=0, cval=-0.4))


@pytest.mark.parametrize("number", [1, 5, 9])
def test_there_are_as_many_different_views_as_the_parameter_says(number):
    shifts = [(0, 0), *SHIFTS[number]]
    assert len(set(shifts)) == number
    assert all(abs(pixels) <= 1 for shift in shifts for pixels in shift)
    assert np.sum(shifts, axis=0).tolist() == [0, 0]


def test_the_average_is_the_mean_of_the_probabilities_of_each_view(rng):
    network = Network(mlp([784, 8, 10]), 784, 20, 2)
    network.initialize(rng)
    images = rng.random((20, 784)).astype(np.float32)
    with WorkerPool(1) as pool:
        alone = [
            softmax(predict(network, shifted(images, *shift, fill=0.2), pool)) for shift in [(0, 0), *SHIFTS[5]]
        ]
        average = predict_averaged(network, images, alone[0], SHIFTS[5], fill=0.2, pool=pool)
    assert average == pytest.approx(np.mean(alone, axis=0), abs=1e-6)
    assert np.abs(average - alone[0]).max() > 1e-3
