from math import inf

import numpy as np
import pytest

from nn.layers import Dense
from nn.mlp import ACTIVATIONS, mlp
from nn.network import Network
from nn.normalization import BatchNorm
from nn.regularization import ExponentialMovingAverage
from nn.subnormals import flush_to_zero
from tests.nn.networks import loss_and_gradients
from tests.nn.test_optimizers import FORMULAS as KINDS

SMALLEST = float(np.finfo(np.float32).smallest_normal)


def subnormal(x):
    """How many of these numbers are subnormal."""
    return int(np.sum((x != 0) & (np.abs(x) < SMALLEST)))


def test_what_is_too_small_to_matter_becomes_zero_and_what_matters_stays_as_it_is(rng):
    sizes = 2.0 ** rng.uniform(-140, 20, 10_000)
    x = (sizes * rng.choice([-1, 1], sizes.size)).astype(np.float32)
    flushed = x.copy()
    flush_to_zero(flushed)
    size = np.abs(x)
    assert not flushed[size < 2.0**-117].any()
    assert (flushed == x)[size >= 2.0**-67].all()
    np.testing.assert_allclose(flushed, x, rtol=2.0**-23, atol=2.0**-116)
    assert subnormal(x) > 100
    assert subnormal(flushed) == 0


def test_what_is_not_finite_stays_so():
    x = np.array([inf, -inf, np.nan], np.float32)
    flush_to_zero(x)
    np.testing.assert_array_equal(x, [inf, -inf, np.nan])


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_gradients_have_become_zero_no_number_becomes_subnormal(kind):
    params, grads = np.empty(12, np.float32), np.zeros(12, np.float32)
    optimizer = kind(params, grads, 8, weight_decay=0.05 if kind.decoupled else 0.0)
    if hasattr(optimizer, "beta2"):
        optimizer.beta2 = 0.99  # with Adam's 0.999 little would decay to nothing in these steps
    average = ExponentialMovingAverage(params, 0.999)
    states = [value for value in vars(optimizer).values() if isinstance(value, np.ndarray) and value is not grads]
    assert {id(state) for state in states} == {id(vector) for vector in optimizer.decaying}
    vectors = [*optimizer.decaying, average.scaled]
    for vector in vectors:  # some become 0 at once, others decay to there between two flushes
        vector[:] = 10.0 ** np.arange(-36, 12, 4)
    for step in range(5_000):
        optimizer.begin_step(0.005)
        average.begin_step()
        for block in (slice(0, 6), slice(6, 12)):
            optimizer.update(block, np.empty(6, np.float32))
            average.update(block)
        assert sum(subnormal(vector) for vector in vectors) == 0, step


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.05])
@pytest.mark.parametrize("logits", [(95, -95), (95, 0), (0, -95)])
def test_logits_of_95_and_minus_95_give_no_subnormal_activation_or_gradient(
    rng, activation, normalization, smoothing, logits
):
    network = Network(mlp([50, 40, 30, 10], activation, normalization=normalization), 50, 64)
    network.initialize(rng)
    labels = rng.integers(10, size=64)
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    dense[0].b[:20] = 95
    dense[0].b[20:] = -95
    dense[-1].W *= 0.01
    dense[-1].b[:] = [logits[0]] * 5 + [logits[1]] * 5
    loss_and_gradients(network, rng.standard_normal((64, 50)).astype(np.float32), labels, smoothing)
    for node in network.nodes:
        arrays = (node.y, node.dx, node.dy)
        assert sum(subnormal(array) for array in arrays if array is not None) == 0, type(node.layer)
    assert subnormal(network.grads) == 0


def test_running_statistics_of_units_that_are_always_zero_do_not_become_subnormal():
    network = Network([BatchNorm(3), *mlp([3, 2])], 3, 4)
    network.initialize(np.random.default_rng(0))
    network.x[:] = 0
    for _ in range(2_000):
        network.forward(slice(0, 4))
        network.layers[0].update_running_statistics(4, 1)
        assert subnormal(network.state) == 0
