import numpy as np
import pytest

from nn.layers import Dense, ReLU
from nn.losses import SoftmaxCrossEntropy, cross_entropy
from nn.network import Network, fully_connected, predict
from tests.nn.gradients import slope


def test_the_gradient_of_a_whole_network_is_that_of_finite_differences(rng):
    network = Network(fully_connected([7, 6, 5, 4]), rows=9, dtype=np.float64)
    network.initialize(rng)
    network.params += 0.1 * rng.standard_normal(network.params.size)
    x, labels = rng.standard_normal((8, 7)), rng.integers(4, size=8)
    logits = network.forward(x)
    SoftmaxCrossEntropy(9, 4, np.float64)(logits, labels)
    network.backward(logits)
    for _ in range(5):
        direction = rng.standard_normal(network.params.size)
        wanted = slope(lambda: cross_entropy(network.forward(x), labels), network.params, direction)
        assert network.grads @ direction == pytest.approx(wanted, rel=1e-6)


def test_widths_become_dense_layers_with_relu_between_them():
    layers = fully_connected([784, 30, 20, 10])
    assert [type(layer) for layer in layers] == [Dense, ReLU, Dense, ReLU, Dense]
    assert [type(layer) for layer in fully_connected([784, 10])] == [Dense]


def test_every_parameter_and_gradient_lies_in_the_two_vectors():
    network = Network(fully_connected([784, 30, 10]), rows=4)
    assert network.params.size == network.grads.size == 784 * 30 + 30 + 30 * 10 + 10
    for layer in network.layers:
        if isinstance(layer, Dense):
            assert np.shares_memory(layer.W, network.params)
            assert np.shares_memory(layer.b, network.params)
            assert np.shares_memory(layer.dW, network.grads)
            assert np.shares_memory(layer.db, network.grads)


def test_prediction_in_pieces_is_prediction(rng):
    network = Network(fully_connected([12, 8, 3]), rows=4)
    network.initialize(rng)
    x = rng.standard_normal((11, 12)).astype(np.float32)
    whole = Network(fully_connected([12, 8, 3]), rows=11)
    whole.params[:] = network.params
    np.testing.assert_allclose(predict(network, x), whole.forward(x), rtol=1e-5)
    assert predict(network, x[:0]).shape == (0, 3)
