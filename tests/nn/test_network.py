import numpy as np
import pytest

from nn.flat import split
from nn.inference import fold, inference_network
from nn.layers import Dense
from nn.losses import cross_entropy
from nn.mlp import mlp
from nn.network import BLOCK, Network
from nn.normalization import BatchNorm
from nn.parallel import WorkerPool
from nn.prediction import predict
from nn.regularization import Dropout
from tests.nn.gradients import slope
from tests.nn.networks import loss_and_gradients, small_network


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "tanh", "sigmoid"])
def test_the_gradient_of_a_whole_network_is_that_of_finite_differences(rng, activation, normalization):
    network = small_network(rng, activation=activation, normalization=normalization)
    x, labels = rng.standard_normal((15, 12)), rng.integers(5, size=15)
    loss_and_gradients(network, x, labels)
    grads = network.grads.copy()
    for _ in range(3):
        direction = rng.standard_normal(network.params.size)
        wanted = slope(lambda: loss_and_gradients(network, x, labels), network.params, direction)
        assert grads @ direction == pytest.approx(wanted, rel=1e-5)


def test_dropout_stands_in_the_gradient_too(rng):
    network = small_network(rng, dropout=0.3, input_dropout=0.1)
    x, labels = rng.standard_normal((15, 12)), rng.integers(5, size=15)

    def loss():
        for layer in network.layers:
            layer.begin_epoch([np.random.default_rng(1)])  # the same numbers are left out each time
        return loss_and_gradients(network, x, labels)

    loss()
    grads = network.grads.copy()
    direction = rng.standard_normal(network.params.size)
    assert grads @ direction == pytest.approx(slope(loss, network.params, direction), rel=1e-5)


def test_widths_and_options_become_layers():
    kinds = [type(layer).__name__ for layer in mlp([784, 30, 20, 10])]
    assert kinds == ["Dense", "ReLU", "Dense", "ReLU", "Dense"]
    assert [type(layer).__name__ for layer in mlp([784, 10])] == ["Dense"]
    layers = mlp([9, 8, 7], "tanh", normalization="batch", dropout=0.1, input_dropout=0.2)
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds == ["Dropout", "Dense", "BatchNorm", "Tanh", "Dropout", "Dense"]


@pytest.mark.parametrize(
    ("activation", "initialization", "variances"),
    [
        ("relu", None, [2 / 100, 1 / 50]),
        ("tanh", None, [2 / 150, 1 / 50]),
        ("relu", "glorot", [2 / 150, 2 / 60]),
        ("tanh", "he", [2 / 100, 2 / 50]),
        ("tanh", "lecun", [1 / 100, 1 / 50]),
    ],
)
def test_the_variance_of_the_first_weights_suits_the_activation(activation, initialization, variances):
    layers = mlp([100, 50, 10], activation, initialization=initialization)
    found = [layer.variance for layer in layers if isinstance(layer, Dense)]
    assert found == pytest.approx(variances)


def test_weights_come_first_and_every_parameter_lies_in_the_vector(rng):
    network = small_network(rng, normalization="layer")
    assert network.decayed == 12 * 16 + 16 * 8 + 8 * 5
    assert network.params.size == network.decayed + 16 + 8 + 5 + 2 * (16 + 8)
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    assert (np.concatenate([layer.W.ravel() for layer in dense]) == network.params[: network.decayed]).all()
    assert all(np.shares_memory(layer.b, network.params) for layer in dense)
    assert all(np.shares_memory(layer.dW, network.grads) for layer in dense)


def test_blocks_cover_all_parameters_once():
    network = Network(mlp([784, 1000, 10]), 784, rows=2)
    blocks = network.blocks()
    covered = [i for block in blocks for i in range(network.params.size)[block.params]]
    assert covered == list(range(network.params.size))
    assert max(block.params.stop - block.params.start for block in blocks) < 1.5 * BLOCK


def test_a_layer_with_work_for_them_has_a_block_for_each_part():
    layers = mlp([784, 128, 10])
    blocks = {
        (rows, parts): len(Network(layers, 784, rows, parts).blocks())
        for rows, parts in ((32, 4), (512, 1), (512, 2), (512, 4))
    }
    assert blocks == {(32, 4): 1, (512, 1): 2, (512, 2): 3, (512, 4): 5}


def test_neighbours_with_little_work_are_one_block_and_their_gradient_is_the_same(rng):
    network = small_network(rng, normalization="layer")
    assert [(block.params, block.offsets) for block in network.blocks()] == [(slice(0, network.params.size), True)]
    x, labels = rng.standard_normal((20, 12)), rng.integers(5, size=20)
    loss_and_gradients(network, x, labels)
    together = network.grads.copy()
    network.grads[:] = 0
    for block in network.smallest_blocks():
        network.gradient(block, slice(0, 20), 1)
    assert (network.grads == together).all()


def test_the_first_layer_computes_no_gradient_by_the_images(rng):
    assert small_network(rng).layers[0].dx is None
    with_dropout = small_network(rng, input_dropout=0.1)
    assert with_dropout.layers[1].dx is None
    assert with_dropout.layers[0] not in with_dropout.backward_layers


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_inference_network_reads_what_the_training_network_reads(rng, activation):
    network = small_network(rng, activation=activation, normalization="layer")
    reader = inference_network(network)
    fold(network, network.params, network.statistics, reader)
    x = rng.standard_normal((15, 12))
    network.x[:15] = x
    with WorkerPool(1) as team:
        np.testing.assert_allclose(predict(reader, x, team), network.forward(slice(0, 15)), rtol=1e-9)


def test_folded_batch_normalization_is_batch_normalization_with_the_running_averages(rng):
    network = small_network(rng, normalization="batch", dropout=0.5)
    x = rng.standard_normal((15, 12))
    y = x
    for layer in network.layers:
        if isinstance(layer, BatchNorm):
            layer.running_mean[:] = rng.standard_normal(layer.width)
            layer.running_variance[:] = rng.random(layer.width) + 0.5
            y = (y - layer.running_mean) / np.sqrt(layer.running_variance + 1e-5) * layer.gain + layer.shift
        elif isinstance(layer, Dense):
            y = y @ layer.W + layer.b
        elif not isinstance(layer, Dropout):
            y = np.maximum(y, 0)
    reader = inference_network(network)
    fold(network, network.params, network.statistics, reader)
    assert [type(layer).__name__ for layer in reader.layers] == ["Dense", "ReLU", "Dense", "ReLU", "Dense"]
    with WorkerPool(1) as team:
        np.testing.assert_allclose(predict(reader, x, team), y, rtol=1e-9)


def test_a_reader_may_be_given_other_parameters_than_those_in_training(rng):
    network = small_network(rng)
    average = network.params * 0.5
    reader = inference_network(network)
    fold(network, average, network.statistics, reader)
    other = small_network(rng)
    other.params[:] = average
    x = rng.standard_normal((15, 12))
    other.x[:15] = x
    with WorkerPool(1) as team:
        np.testing.assert_allclose(predict(reader, x, team), other.forward(slice(0, 15)), rtol=1e-9)


def test_parts_of_a_batch_give_the_gradient_of_the_batch(rng):
    network = small_network(rng, parts=3)
    x, labels = rng.standard_normal((20, 12)), rng.integers(5, size=20)
    loss = loss_and_gradients(network, x, labels)
    wanted = network.grads.copy()
    assert loss == pytest.approx(cross_entropy(_logits(network, x), labels))
    from nn.losses import SoftmaxCrossEntropy  # noqa: PLC0415

    loss_of = SoftmaxCrossEntropy(20, 5, dtype=np.float64)
    network.x[:] = x
    parts = split(20, 3)
    for number, rows in enumerate(parts):
        loss_of.part(rows, network.forward(rows, number), labels[rows], 20)
        network.backward(rows, number)
    for block in network.blocks():
        network.gradient(block, slice(0, 20), 3)
    np.testing.assert_allclose(network.grads, wanted, rtol=1e-9, atol=1e-12)


def _logits(network, x):
    network.x[: len(x)] = x
    return network.forward(slice(0, len(x)))
