import numpy as np
import pytest

from nn.activations import GELU, ReLU, Tanh
from nn.blocks import BLOCK, PIECE, parameter_blocks, unmerged_blocks
from nn.flat import split
from nn.inference import fold_batch_norm, inference_network, predict
from nn.layers import Dense
from nn.losses import cross_entropy
from nn.mlp import ACTIVATIONS, mlp
from nn.network import Network, training_flops_per_example
from nn.normalization import BatchNorm
from nn.parallel import WorkerPool
from nn.regularization import Dropout
from tests.nn.gradients import slope
from tests.nn.networks import gradients, loss_and_gradients, small_network


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
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


@pytest.mark.parametrize(("activation", "hidden"), [("relu", 2 / 100), ("gelu", 2 / 100), ("tanh", 2 / 150)])
def test_the_variance_of_the_first_weights_suits_the_activation(activation, hidden):
    found = [layer.variance for layer in mlp([100, 50, 10], activation) if isinstance(layer, Dense)]
    assert found == pytest.approx([hidden, 1 / 50])


def test_weights_come_first_and_every_parameter_lies_in_the_vector(rng):
    network = small_network(rng, normalization="layer")
    assert network.n_weights == 12 * 16 + 16 * 8 + 8 * 5
    assert network.params.size == network.n_weights + 16 + 8 + 5 + 2 * (16 + 8)
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    assert (np.concatenate([layer.W.ravel() for layer in dense]) == network.params[: network.n_weights]).all()
    assert all(np.shares_memory(layer.b, network.params) for layer in dense)
    assert all(np.shares_memory(layer.dW, network.grads) for layer in dense)


def test_blocks_cover_all_parameters_once():
    network = Network(mlp([784, 1000, 10]), 784, rows=2)
    blocks = parameter_blocks(network)
    covered = [i for block in blocks for i in range(network.params.size)[block.params]]
    assert covered == list(range(network.params.size))
    assert max(block.params.stop - block.params.start for block in blocks) < 1.5 * BLOCK


def test_a_layer_with_work_for_them_has_a_block_for_each_shard():
    layers = mlp([784, 128, 10])
    blocks = {
        (rows, shards): len(parameter_blocks(Network(layers, 784, rows, shards)))
        for rows, shards in ((32, 4), (512, 1), (512, 2), (512, 4))
    }
    assert blocks == {(32, 4): 1, (512, 1): 2, (512, 2): 4, (512, 4): 6}


def test_blocks_and_their_pieces_cover_every_parameter_once():
    for widths in ([784, 128, 10], [784, 800, 800, 10], [5, 200_000, 3], [2000, 1500, 10]):
        for rows, shards in ((32, 1), (512, 2), (512, 4)):
            network = Network(mlp(widths), widths[0], rows, shards)
            pieces = [piece for block in parameter_blocks(network) for piece in block.pieces()]
            assert [piece.start for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])]
            assert pieces[-1].stop == len(network.params)
            assert max(piece.stop - piece.start for piece in pieces) <= PIECE
            assert sum(block.flops for block in parameter_blocks(network)) == 2 * network.n_weights * rows


def test_the_first_block_of_a_large_layer_is_half_as_long_as_the_others():
    blocks = parameter_blocks(Network(mlp([784, 800, 10]), 784, 512, 4))
    rows = [part.stop - part.start for block in blocks for layer, part in block.weights if layer == 0]
    assert rows == [87, 174, 174, 174, 175]


def test_neighbors_with_little_work_are_one_block_and_their_gradient_is_the_same(rng):
    network = small_network(rng, normalization="layer")
    assert [(block.params, block.biases) for block in parameter_blocks(network)] == [
        (slice(0, network.params.size), True)
    ]
    x, labels = rng.standard_normal((20, 12)), rng.integers(5, size=20)
    loss_and_gradients(network, x, labels)
    together = network.grads.copy()
    network.grads[:] = 0
    gradients(network, 20, blocks=list(unmerged_blocks(network)))
    assert (network.grads == together).all()


def test_the_first_layer_computes_no_gradient_by_the_images(rng):
    assert small_network(rng).nodes[0].dx is None
    dropout, dense, *_ = small_network(rng, input_dropout=0.1).nodes
    assert dense.dx is None
    assert dropout.dy is None


def test_an_input_of_the_callers_is_read_and_never_written_to(rng):
    x = rng.standard_normal((15, 12))
    before = x.copy()
    for layers in ([ReLU(), Dense(12, 5, 1)], [Dense(12, 5, 1), Tanh()], [GELU(), Dense(12, 5, 1)]):
        network = Network(layers, 12, 20, dtype=np.float64, trains=False)
        network.initialize(rng)
        given = network.forward(slice(0, 15), x=x).copy()
        network.x[:15] = x
        assert (network.forward(slice(0, 15)) == given).all()
        assert (x == before).all()


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_inference_network_computes_what_the_training_network_computes(rng, activation):
    network = small_network(rng, activation=activation, normalization="layer")
    model = inference_network(network)
    fold_batch_norm(network, network.state, model)
    x = rng.standard_normal((15, 12))
    network.x[:15] = x
    with WorkerPool(1) as pool:
        np.testing.assert_allclose(predict(model, x, pool), network.forward(slice(0, 15)), rtol=1e-9)


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
    model = inference_network(network)
    fold_batch_norm(network, network.state, model)
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "ReLU", "Dense", "ReLU", "Dense"]
    with WorkerPool(1) as pool:
        np.testing.assert_allclose(predict(model, x, pool), y, rtol=1e-9)


def test_an_inference_network_may_be_given_other_parameters_than_those_in_training(rng):
    network = small_network(rng)
    average = network.params * 0.5
    model = inference_network(network)
    fold_batch_norm(network, average, model)
    other = small_network(rng)
    other.params[:] = average
    x = rng.standard_normal((15, 12))
    other.x[:15] = x
    with WorkerPool(1) as pool:
        np.testing.assert_allclose(predict(model, x, pool), other.forward(slice(0, 15)), rtol=1e-9)


def test_shards_of_a_batch_give_the_gradient_of_the_batch(rng):
    network = small_network(rng, shards=3)
    x, labels = rng.standard_normal((20, 12)), rng.integers(5, size=20)
    loss = loss_and_gradients(network, x, labels)
    wanted = network.grads.copy()
    assert loss == pytest.approx(cross_entropy(_logits(network, x), labels))
    from nn.losses import SoftmaxCrossEntropy  # noqa: PLC0415

    loss_of = SoftmaxCrossEntropy(20, 5, dtype=np.float64)
    network.x[:] = x
    for number, rows in enumerate(split(20, 3)):
        loss_of.loss_and_gradient(rows, network.forward(rows, number), labels[rows], 20)
        network.backward(rows, number)
    gradients(network, 20, shards=3)
    np.testing.assert_allclose(network.grads, wanted, rtol=1e-9, atol=1e-12)


def _logits(network, x):
    network.x[: len(x)] = x
    return network.forward(slice(0, len(x)))


def test_training_takes_six_operations_a_weight_and_four_in_the_first_layer():
    assert training_flops_per_example(mlp([5, 4, 3])) == 4 * 20 + 6 * 12
