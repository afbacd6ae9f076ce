from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from nn.optimizers import SGD, Adam, AdamW, Lion, Momentum, Nesterov, Optimizer, RMSprop

SIZE, WEIGHTS, RATE, DECAY = 200, 150, 0.01, 0.1  # of the 200 parameters 150 are weights


def sgd(p, gradients, decayed):
    for g in gradients:
        p = p - RATE * g
    return p


def momentum(p, gradients, decayed):
    v = 0
    for g in gradients:
        v = 0.9 * v + g
        p = p - RATE * v
    return p


def nesterov(p, gradients, decayed):
    v = 0
    for g in gradients:
        v = 0.9 * v + g
        p = p - RATE * (g + 0.9 * v)
    return p


def rmsprop(p, gradients, decayed):
    s = 0
    for g in gradients:
        s = 0.99 * s + 0.01 * g**2
        p = p - RATE * g / (np.sqrt(s) + 1e-8)
    return p


def adam(p, gradients, decayed, decay=0.0):
    m = v = 0
    for t, g in enumerate(gradients, start=1):
        p = p - RATE * decay * decayed * p
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        p = p - RATE * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return p


def lion(p, gradients, decayed):
    m = np.zeros_like(p)
    for g in gradients:
        p = p - RATE * (np.sign(0.9 * m + 0.1 * g) + DECAY * decayed * p)
        m = 0.99 * m + 0.01 * g
    return p


FORMULAS: dict[type[Optimizer], tuple[Callable[..., np.ndarray], dict[str, float]]] = {
    SGD: (sgd, {}),
    Momentum: (momentum, {"momentum": 0.9}),
    Nesterov: (nesterov, {"momentum": 0.9}),
    RMSprop: (rmsprop, {"decay": 0.99}),
    Adam: (adam, {}),
    AdamW: (partial(adam, decay=DECAY), {"weight_decay": DECAY}),
    Lion: (lion, {"weight_decay": DECAY}),
}
BLOCKS = [slice(0, 70), slice(70, 160), slice(160, 200)]


def run(kind, params, gradients, blocks, **options):
    grads = np.empty_like(params)
    optimizer = kind(params, grads, WEIGHTS, **options)
    for g in gradients:
        grads[:] = g
        optimizer.begin_step(RATE)
        for block in blocks:
            optimizer.update(block, np.empty(block.stop - block.start, params.dtype))
        if not options.get("weight_decay") or kind.decoupled:
            assert (grads == g).all(), "the gradient is left as it is"
    return params


@pytest.mark.parametrize("kind", FORMULAS)
def test_each_optimizer_follows_its_formula(rng, kind):
    params, gradients = rng.standard_normal(SIZE), rng.standard_normal((50, SIZE))
    formula, options = FORMULAS[kind]
    wanted = formula(params.copy(), gradients, np.arange(SIZE) < WEIGHTS)
    np.testing.assert_allclose(run(kind, params, gradients, BLOCKS, **options), wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", [kind for kind in FORMULAS if not kind.decoupled])
def test_weight_decay_adds_to_the_gradient_of_the_weights_and_of_nothing_else(rng, kind):
    start, (gradient,) = rng.standard_normal(SIZE), rng.standard_normal((1, SIZE))
    decayed = gradient + DECAY * start * (np.arange(SIZE) < WEIGHTS)
    wanted = run(kind, start.copy(), [decayed], BLOCKS)
    np.testing.assert_allclose(run(kind, start.copy(), [gradient], BLOCKS, weight_decay=DECAY), wanted, rtol=1e-12)


@pytest.mark.parametrize("kind", FORMULAS)
def test_the_order_of_the_blocks_changes_no_bit(rng, kind):
    start = rng.standard_normal(SIZE).astype(np.float32)
    gradients = rng.standard_normal((10, SIZE)).astype(np.float32)
    there = run(kind, start.copy(), gradients, BLOCKS)
    back = run(kind, start.copy(), gradients, BLOCKS[::-1])
    assert there.tobytes() == back.tobytes()


@pytest.mark.parametrize("kind", FORMULAS)
def test_each_optimizer_finds_the_bottom_of_a_bowl_in_float32(rng, kind):
    params = rng.standard_normal(50).astype(np.float32)
    grads = np.empty_like(params)
    optimizer = kind(params, grads, 50)
    for step in range(1000):
        grads[:] = params
        optimizer.begin_step(0.05 * (1 - step / 1000))
        optimizer.update(slice(0, 50), np.empty(50, np.float32))
    assert np.abs(params).max() < 1e-2
    assert params.dtype == np.float32
