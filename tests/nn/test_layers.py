import numpy as np
import pytest

from nn.flat import flat
from nn.layers import Dense, ReLU
from tests.nn.gradients import slope


def connected(layer, rows=6, dtype=np.float64):
    params, views = flat(layer.shapes, dtype)
    grads, gradient_views = flat(layer.shapes, dtype)
    layer.connect(views, gradient_views, rows, dtype)
    return params, grads


@pytest.mark.parametrize("rows", [6, 4])
def test_the_gradients_of_dense_are_those_of_finite_differences(rng, rows):
    dense = Dense(5, 3)
    params, grads = connected(dense)
    params[:] = rng.standard_normal(params.size)
    x, dy = rng.standard_normal((rows, 5)), rng.standard_normal((rows, 3))

    def value():
        return float(np.sum(dense.forward(x) * dy))

    value()
    dx = dense.backward(dy.copy(), first=False).copy()
    direction = rng.standard_normal(params.size)
    assert slope(value, params, direction) == pytest.approx(grads @ direction, rel=1e-7)
    direction = rng.standard_normal(x.shape)
    assert slope(value, x, direction) == pytest.approx(np.sum(dx * direction), rel=1e-7)


def test_the_gradient_of_relu_is_that_of_finite_differences(rng):
    relu = ReLU()
    x, dy = rng.standard_normal((6, 5)), rng.standard_normal((6, 5))

    def value():
        return float(np.sum(relu.forward(x.copy()) * dy))

    value()
    dx = relu.backward(dy.copy(), first=False)
    direction = rng.standard_normal(x.shape)
    assert slope(value, x, direction) == pytest.approx(np.sum(dx * direction), rel=1e-7)


def test_relu_passes_nothing_back_where_the_input_was_not_above_zero():
    relu = ReLU()
    relu.forward(np.array([[-3.0, -0.1, 0.0, 2.0]]))
    assert relu.backward(np.ones((1, 4)), first=False).tolist() == [[0, 0, 0, 1]]


def test_dense_is_the_product_written_out_in_loops(rng):
    dense = Dense(3, 2)
    connected(dense)
    dense.initialize(rng)
    dense.b[:] = [1, -1]
    x = rng.standard_normal((4, 3))
    naive = [[sum(x[n, i] * dense.W[i, j] for i in range(3)) + dense.b[j] for j in range(2)] for n in range(4)]
    np.testing.assert_allclose(dense.forward(x), naive, rtol=1e-12)


def test_the_first_layer_computes_no_gradient_by_the_images(rng):
    dense = Dense(5, 3)
    connected(dense)
    dense.forward(rng.standard_normal((6, 5)))
    dense.backward(np.ones((6, 3)), first=True)
    assert dense.dx is None


def test_the_first_weights_have_the_variance_of_he(rng):
    dense = Dense(784, 500)
    connected(dense, dtype=np.float32)
    dense.initialize(rng)
    assert dense.W.std() == pytest.approx((2 / 784) ** 0.5, rel=0.01)
    assert not dense.b.any()
