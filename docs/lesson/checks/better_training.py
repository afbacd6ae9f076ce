"""The checks of notebook 4: momentum, Adam, batch normalization, dropout and label smoothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.numeric_gradient import numeric_gradient
from checks.verdict import NOT_YET, RIGHT, verdict
from nn.optimizers import Momentum

Array = NDArray[np.floating]


def momentum(step: Callable[[Array, Array, Array, float, float], Any]) -> str:
    """Is step(p, v, g, rate, mu) the parameters and the velocity after a step of momentum?

    v = mu v + g;  p = p - rate v. Five steps with a rate that changes, beside nn.optimizers.Momentum.
    """
    rng = np.random.default_rng(1)
    params: Array = rng.standard_normal(7)
    grads, rate, mu = np.zeros(7), 0.1, 0.8
    engine = Momentum(params, grads, 7, momentum=mu)
    p: Array = params.copy()
    v: Array = np.zeros(7)
    for number in range(1, 6):
        grads[:] = rng.standard_normal(7)
        engine.momentum = mu
        engine.begin_step(rate)
        engine.update(slice(0, 7), np.empty(7))
        found = step(p, v, grads.copy(), rate, mu)
        if found is ... or found is None:
            return NOT_YET
        if (
            not isinstance(found, tuple | list | np.ndarray)
            or len(found) != 2
            or any(part is None for part in found)
        ):
            return "step should return two arrays, p and v"
        for name, array, expected in (("v", found[1], engine.velocity), ("p", found[0], params)):
            said = verdict(array, expected, name=name)
            if said != RIGHT:
                return said if said == NOT_YET else f"after step {number}, {said}"
        p, v = params.copy(), engine.velocity.copy()
        rate, mu = 0.7 * rate, mu + 0.03
    return RIGHT


def first_step(length: Callable[[float, float], Any]) -> str:
    """Is length(beta1, beta2) how long Adam's first step is without bias correction, in units of the rate?"""
    for beta1, beta2 in ((0.9, 0.999), (0.8, 0.99), (0.5, 0.5), (0.0, 0.9)):
        gradient = 0.37  # any will do
        m, v = (1 - beta1) * gradient, (1 - beta2) * gradient**2
        said = verdict(length(beta1, beta2), m / v**0.5, name=f"first_step({beta1}, {beta2})")
        if said != RIGHT:
            return said
    return RIGHT


def batch_norm_backward(backward: Callable[[Array, Array, Array, Array], Any]) -> str:
    """Is backward(dy, h, gain, scale) the dx of y = gain h + shift with h = scale (x - mean)?

    The mean, and the variance in scale = 1 / sqrt(variance + epsilon), are those of the rows of x. Checked by
    finite differences, with a gain that is not 1 and fewer columns than rows.
    """
    rng = np.random.default_rng(2)
    x, dy, gain = rng.normal(1, 2, (9, 5)), rng.standard_normal((9, 5)), rng.uniform(0.5, 2, 5)

    def normalized() -> tuple[Array, Array]:
        scale = 1 / np.sqrt(x.var(axis=0) + 1e-5)
        return scale * (x - x.mean(axis=0)), scale

    right = numeric_gradient(lambda: float((dy * gain * normalized()[0]).sum()), x)
    h, scale = normalized()
    return verdict(backward(dy.copy(), h.copy(), gain.copy(), scale.copy()), right, name="dx", tolerance=1e-6)


def dropout(layer: Callable[[Array, Array, float, np.random.Generator], Any]) -> str:
    """Is layer(x, dy, rate, rng) the y and dx of inverted dropout, with a mask drawn from rng?

    y = x m / (1 - rate) and dx = dy m / (1 - rate), m being 0 with probability rate and else 1.
    """
    inputs = np.random.default_rng(3)
    x, dy = inputs.uniform(1, 2, (2_000, 500)), inputs.uniform(1, 2, (2_000, 500))
    rng, before = np.random.default_rng(4), None
    for rate in (0.3, 0.3, 0.8):
        found = layer(x.copy(), dy.copy(), rate, rng)
        if found is ... or found is None:
            return NOT_YET
        if not isinstance(found, tuple | list) or len(found) != 2:
            return "dropout should return two arrays, y and dx"
        for name, array in zip(("y", "dx"), found, strict=True):
            if not isinstance(array, np.ndarray) or array.shape != x.shape:
                return f"{name} should be an array of the shape {x.shape}"
        said = one_dropout(x, dy, rate, *found)
        if said != RIGHT:
            return said
        mask = found[0] != 0
        if before is not None and np.array_equal(mask, before):
            return "the second call drops the same numbers as the first; draw them from rng"
        before = mask
    masks = [layer(x.copy(), dy.copy(), 0.3, np.random.default_rng(4))[0] != 0 for _ in range(2)]
    return RIGHT if np.array_equal(*masks) else "an equal rng drops other numbers; draw from rng alone"


def one_dropout(x: Array, dy: Array, rate: float, y: Array, dx: Array) -> str:
    """What is to be said of y and dx of one call."""
    zeros = float(np.mean(y == 0))
    if abs(zeros - rate) > 0.01:
        return f"with rate {rate}, {zeros:.1%} of y are 0; it should be {rate:.0%}"
    kept = y != 0
    if not kept.any(axis=0).all() or not kept.any(axis=1).all():
        return "whole rows or columns of y are 0; each number should be dropped on its own"
    alike = rate**2 + (1 - rate) ** 2  # by chance, of two rows
    if max(abs(np.mean(kept[n:] == kept[:-n]) - alike) for n in (1, 2, 3)) > 0.01:
        return "rows of y are 0 at the same places; each number should be dropped on its own"
    if abs(y.mean() / x.mean() - 1) > 0.01:
        return f"the mean of y is {y.mean():.3f}; it should stay that of x, {x.mean():.3f}"
    if not np.allclose(y[kept] * (1 - rate), x[kept]):
        return "what is kept should be x times one factor"
    return dropout_backward(dy, dx, kept, 1 / (1 - rate))


def dropout_backward(dy: Array, dx: Array, kept: NDArray[np.bool_], factor: float) -> str:
    """What is to be said of dx, where y is right."""
    if not np.array_equal(dx != 0, kept):
        return "dx is 0 at other places than y; one mask serves both"
    if not np.allclose(dx[kept], factor * dy[kept]):
        return f"dx over dy is {dx[kept][0] / dy[kept][0]:.4f} where it is not 0; y over x is {factor:.4f}"
    return RIGHT


def floor(lowest: Callable[[float, int], Any]) -> str:
    """Is lowest(s, classes) the lowest loss that there can be with labels smoothed by s, in nats?

    At best the probabilities are the targets; the loss is then the entropy of the targets.
    """
    for s, classes in ((0.1, 10), (0.05, 10), (0.3, 4), (0.2, 1_000)):
        target = np.full(classes, s / classes)
        target[0] += 1 - s
        entropy = -(target * np.log(target)).sum()
        said = verdict(lowest(s, classes), entropy, name=f"floor({s}, {classes})", tolerance=1e-6)
        if said != RIGHT:
            return said
    return RIGHT
