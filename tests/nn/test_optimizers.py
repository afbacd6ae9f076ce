import numpy as np
import pytest

from nn.optimizers import SGD, Adam


def sgd_by_its_formula(params, gradients, rate, momentum):
    velocity = np.zeros_like(params)
    for g in gradients:
        velocity = momentum * velocity + g
        params = params - rate * velocity
    return params


def adam_by_its_formula(params, gradients, rate, *, beta1, beta2, epsilon):
    m = v = np.zeros_like(params)
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        params = params - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return params


@pytest.fixture
def problem(rng):
    return rng.standard_normal(200), rng.standard_normal((50, 200))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_follows_its_formula(problem, momentum):
    params, gradients = problem
    wanted = sgd_by_its_formula(params, gradients, 0.1, momentum)
    sgd = SGD(200, momentum, np.float64)
    for g in gradients:
        sgd.step(params, g, 0.1)
    np.testing.assert_allclose(params, wanted, rtol=1e-12)


def test_adam_follows_its_formula(problem):
    params, gradients = problem
    wanted = adam_by_its_formula(params, gradients, 0.01, beta1=0.9, beta2=0.99, epsilon=1e-8)
    adam = Adam(200, 0.9, 0.99, 1e-8, np.float64)
    for g in gradients:
        adam.step(params, g, 0.01)
    np.testing.assert_allclose(params, wanted, rtol=1e-12)


@pytest.mark.parametrize("make", [lambda: SGD(50), lambda: SGD(50, 0.9), lambda: Adam(50)])
def test_each_optimizer_finds_the_bottom_of_a_bowl_in_float32(rng, make):
    params = rng.standard_normal(50).astype(np.float32)
    optimizer = make()
    for step in range(1000):
        optimizer.step(params, params.copy(), 0.05 * (1 - step / 1000))
    assert np.abs(params).max() < 1e-2
    assert params.dtype == np.float32


def test_the_gradient_is_left_as_it_is(rng):
    grads = rng.standard_normal(30).astype(np.float32)
    before = grads.copy()
    for optimizer in (SGD(30, 0.9), Adam(30)):
        optimizer.step(np.zeros(30, np.float32), grads, 0.1)
    assert (grads == before).all()
