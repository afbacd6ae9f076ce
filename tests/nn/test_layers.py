from collections.abc import Callable

import numpy as np
import pytest

from nn.activations import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn.layers import Dense, Layer
from nn.network import Network
from nn.normalization import BatchNorm, LayerNorm
from nn.regularization import Dropout
from tests.nn.gradients import slope

ROWS, WIDTH = 6, 5


class Copy(Layer):
    """y = x, with a parameter that does nothing."""

    shapes = ((1,),)
    keeps_x = True
    keeps_dy = True

    def forward(self, x, y, cache, shard):
        y[:] = x

    def backward(self, dy, dx, x, y, cache, shard):
        dx[:] = dy


class Alone:
    """A layer between two that do nothing: x and dy in, y, dx and gradients out."""

    def __init__(self, layer, rng, rows=ROWS, width=WIDTH, dtype=np.float64):
        self.layer = layer
        self.network = Network([Copy(), layer, Copy()], width, rows, 1, dtype)
        self.network.initialize(rng)
        self.params, self.grads = self.network.params, self.network.grads
        self.node = self.network.nodes[1]

    def forward(self, x):
        node = self.network.at(slice(0, len(x)))[1]
        node.x[:] = x
        self.layer.forward(node.x, node.y, node.cache, 0)
        return node.y

    def backward(self, dy):
        node = self.network.at(slice(0, len(dy)))[1]
        assert node.dy is not None
        node.dy[:] = dy
        self.layer.backward(node.dy, node.dx, node.x, node.y, node.cache, 0)
        self.network.weight_gradient(1, slice(0, node.x.shape[1]), len(dy))
        self.network.bias_gradients(len(dy), 1)
        self.layer.update_running_statistics(len(dy), 1)
        return node.dx


LAYERS: dict[str, Callable[[], Layer]] = {
    "dense": lambda: Dense(WIDTH, 3, variance=1.0),
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "gelu": GELU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "batch_norm": lambda: BatchNorm(WIDTH),
    "layer_norm": lambda: LayerNorm(WIDTH),
}


@pytest.mark.parametrize("rows", [ROWS, 4])
@pytest.mark.parametrize("name", LAYERS)
def test_the_gradients_of_each_layer_are_those_of_finite_differences(rng, name, rows):
    alone = Alone(LAYERS[name](), rng)
    alone.params += 0.3 * rng.standard_normal(alone.params.size)
    x = rng.standard_normal((rows, WIDTH))
    dy = rng.standard_normal(alone.node.y[:rows].shape)

    def value():
        return float(np.sum(alone.forward(x) * dy))

    value()
    dx = alone.backward(dy).copy()
    grads = alone.grads.copy()
    for _ in range(3):
        direction = rng.standard_normal(x.shape)
        assert slope(value, x, direction) == pytest.approx(np.sum(dx * direction), rel=1e-6)
        direction = rng.standard_normal(alone.params.size)
        assert slope(value, alone.params, direction) == pytest.approx(grads @ direction, rel=1e-6, abs=1e-12)


def naive_gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


FORMULAS: dict[str, Callable[..., np.ndarray]] = {
    "relu": lambda x: np.where(x > 0, x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "gelu": naive_gelu,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "batch_norm": lambda x: (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5),
    "layer_norm": lambda x: (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_each_layer_is_its_formula(rng, name):
    x = rng.standard_normal((ROWS, WIDTH))
    np.testing.assert_allclose(Alone(LAYERS[name](), rng).forward(x), FORMULAS[name](x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_large_inputs_overflow_nothing(rng, name):
    x = np.array([[-1e4, -80, 0, 80, 1e4]], np.float32).repeat(2, axis=0)
    x[1] += 1
    alone = Alone(LAYERS[name](), rng, rows=2, dtype=np.float32)
    assert np.isfinite(alone.forward(x)).all()
    assert np.isfinite(alone.backward(np.ones((2, 5), np.float32))).all()


def test_dense_is_the_product_written_out_in_loops(rng):
    alone = Alone(Dense(3, 2, variance=1.0), rng, width=3)
    dense = alone.layer
    dense.b[:] = [1, -1]
    x = rng.standard_normal((4, 3))
    naive = [[sum(x[n, i] * dense.W[i, j] for i in range(3)) + dense.b[j] for j in range(2)] for n in range(4)]
    np.testing.assert_allclose(alone.forward(x), naive, rtol=1e-12)


def test_relu_passes_nothing_back_where_the_input_was_not_above_zero(rng):
    alone = Alone(ReLU(), rng, width=4)
    alone.forward(np.array([[-3.0, -0.1, 0.0, 2.0]]))
    assert alone.backward(np.ones((1, 4))).tolist() == [[0, 0, 0, 1]]


def test_the_gradient_in_blocks_of_rows_is_the_gradient(rng):
    alone = Alone(Dense(WIDTH, 3, variance=1.0), rng)
    alone.forward(rng.standard_normal((ROWS, WIDTH)))
    alone.backward(rng.standard_normal((ROWS, 3)))
    whole = alone.grads.copy()
    alone.grads[:] = 0
    for block in (slice(0, 2), slice(2, 5)):
        alone.network.weight_gradient(1, block, ROWS)
    alone.layer.bias_gradient(alone.node.dy, alone.node.cache, 1)
    np.testing.assert_allclose(alone.grads, whole, rtol=1e-12)


def test_the_first_weights_have_the_variance_asked_for(rng):
    alone = Alone(Dense(784, 500, variance=2 / 784), rng, width=784, dtype=np.float32)
    assert alone.layer.W.std() == pytest.approx((2 / 784) ** 0.5, rel=0.01)
    assert not alone.layer.b.any()


def test_dropout_leaves_out_its_share_and_keeps_the_mean(rng):
    alone = Alone(Dropout(0.25), rng, rows=400, width=300)
    alone.layer.begin_epoch([rng])
    y = alone.forward(np.ones((400, 300)))
    assert set(np.unique(y)) == {0, 1 / 0.75}
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.005)
    dx = alone.backward(np.ones((400, 300)))
    assert (dx == y).all()


def test_dropout_draws_anew_for_every_step(rng):
    alone = Alone(Dropout(0.5), rng)
    alone.layer.begin_epoch([rng])
    first = alone.forward(np.ones((ROWS, WIDTH))).copy()
    assert (first != alone.forward(np.ones((ROWS, WIDTH)))).any()


def test_batch_normalization_remembers_mean_and_variance_of_the_shards(rng):
    layer = BatchNorm(WIDTH)
    x = 3 + 2 * rng.standard_normal((ROWS, WIDTH))
    alone = Alone(layer, rng)
    for _ in range(200):
        alone.forward(x)
        alone.backward(x)
    np.testing.assert_allclose(layer.running_mean, x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.running_variance, x.var(axis=0, ddof=1), rtol=1e-6)


def test_a_smaller_batch_moves_the_running_statistics_less(rng):
    x = 3 + 2 * rng.standard_normal((ROWS, WIDTH))
    moved = []
    for rows in (ROWS, ROWS // 2):
        layer = BatchNorm(WIDTH)
        alone = Alone(layer, rng)
        alone.forward(np.tile(x[: ROWS // 2], (2, 1))[:rows])
        layer.update_running_statistics(rows, 1)
        moved.append(layer.running_mean.copy())
    np.testing.assert_allclose(moved[1], moved[0] / 2)


def test_the_gradients_of_batch_normalization_are_the_sums_over_its_shards_of_this_step(rng):
    """Two shards, and then, as in a last, smaller batch, one."""
    layer = BatchNorm(WIDTH)
    network = Network([Copy(), layer, Copy()], WIDTH, 8, 2, np.float64)
    network.initialize(rng)
    layer.gain[:], layer.shift[:] = rng.standard_normal((2, WIDTH))
    for shards in ((slice(0, 4), slice(4, 8)), (slice(0, 5),)):
        n = shards[-1].stop
        network.x[:n] = rng.standard_normal((n, WIDTH))
        dy = rng.standard_normal((n, WIDTH))
        wanted = np.zeros_like(network.grads)
        for rows in shards:
            alone = Alone(BatchNorm(WIDTH), rng)
            alone.params[:] = network.params
            alone.forward(network.x[rows])
            alone.backward(dy[rows])
            wanted += alone.grads
        for shard, rows in enumerate(shards):
            network.forward(rows, shard)
        network.logits[:n] = dy  # the gradient by the output
        for shard, rows in enumerate(shards):
            network.backward(rows, shard)
        network.bias_gradients(n, len(shards))
        np.testing.assert_allclose(network.grads, wanted, rtol=1e-10)


def test_the_running_variance_is_that_within_the_shards(rng):
    layer = BatchNorm(WIDTH)
    layer.momentum = 1.0
    network = Network([Copy(), layer, Copy()], WIDTH, 8, 2, np.float64)
    network.initialize(rng)
    network.x[:] = x = rng.standard_normal((8, WIDTH))
    for shard, rows in enumerate((slice(0, 4), slice(4, 8))):
        network.forward(rows, shard)
    layer.update_running_statistics(8, 2)
    np.testing.assert_allclose(layer.running_variance, (4 * x[:4].var(axis=0) + 4 * x[4:].var(axis=0)) / 6)
