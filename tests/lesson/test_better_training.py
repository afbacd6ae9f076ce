"""The exercises of notebook 4 take what is right, and refuse what is nearly right."""

from typing import Any

import numpy as np
import pytest

from answers import better_training as answers
from checks import better_training as check

NAMES = ["momentum", "first_step", "batch_norm_backward", "dropout", "floor"]


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_right(name):
    assert getattr(check, name)(getattr(answers, name)) == "right"


@pytest.mark.parametrize("nothing", [..., None])
@pytest.mark.parametrize("name", NAMES)
def test_a_stub_is_not_yet_right(name, nothing):
    assert getattr(check, name)(lambda *_: nothing) == "not yet"


def in_place(p, v, g, rate, mu):
    v *= mu
    v += g
    p -= rate * v
    return p, v


def test_momentum_may_be_computed_in_place():
    assert check.momentum(in_place) == "right"


def dh(dy, h, gain, scale):
    return dy * gain


def two_masks(x, dy, rate, rng):
    one, other = ((rng.random(x.shape) >= rate) / (1 - rate) for _ in "12")
    return x * one, dy * other


def seeded(x, dy, rate, rng):
    return answers.dropout(x, dy, rate, np.random.default_rng(0))


def mask(x, rate, rng):
    return (rng.random(x.shape) >= rate) / (1 - rate)


WRONG: dict[str, dict[str, Any]] = {
    "momentum": {
        "the rate in the velocity": lambda p, v, g, rate, mu: (p - (mu * v + rate * g), mu * v + rate * g),
        "a mean of the gradients": lambda p, v, g, rate, mu: (
            p - rate * (mu * v + (1 - mu) * g),
            mu * v + (1 - mu) * g,
        ),
        "Nesterov": lambda p, v, g, rate, mu: (p - rate * (g + mu * (mu * v + g)), mu * v + g),
        "the velocity of before": lambda p, v, g, rate, mu: (p - rate * v, mu * v + g),
        "upwards": lambda p, v, g, rate, mu: (p + rate * (mu * v + g), mu * v + g),
        "v forgets nothing": lambda p, v, g, rate, mu: (p - rate * (v + g), v + g),
        "p alone": lambda p, v, g, rate, mu: p - rate * (mu * v + g),
        "one of two": lambda p, v, g, rate, mu: (p - rate * (mu * v + g), None),
        "mu always 0.8": lambda p, v, g, rate, mu: answers.momentum(p, v, g, rate, 0.8),
        "the order turned round": lambda p, v, g, rate, mu: (mu * v + g, p - rate * (mu * v + g)),
    },
    "first_step": {
        "as with the correction": lambda beta1, beta2: 1.0,
        "no root": lambda beta1, beta2: (1 - beta1) / (1 - beta2),
        "the root of both": lambda beta1, beta2: ((1 - beta1) / (1 - beta2)) ** 0.5,
        "the usual betas only": lambda beta1, beta2: 10**0.5,
        "text": lambda beta1, beta2: "long",
    },
    "batch_norm_backward": {
        "mean and variance constant": lambda dy, h, gain, scale: scale * gain * dy,
        "the mean only": lambda dy, h, gain, scale: scale * gain * (dy - dy.mean(axis=0)),
        "no gain": lambda dy, h, gain, scale: answers.batch_norm_backward(dy, h, np.ones(5), scale),
        "no scale": lambda dy, h, gain, scale: answers.batch_norm_backward(dy, h, gain, np.ones(5)),
        "sums for means": lambda dy, h, gain, scale: (
            scale * gain * (dy - dy.sum(axis=0) - h * (dy * h).sum(axis=0))
        ),
        "over the units": lambda dy, h, gain, scale: (
            scale * gain * (dy - dy.mean(axis=1, keepdims=True) - h * (dy * h).mean(axis=1, keepdims=True))
        ),
        "summed over the rows": lambda dy, h, gain, scale: (scale * gain * dy).sum(axis=0),
        "a list": lambda dy, h, gain, scale: [1.0, 2.0],
    },
    "dropout": {
        "not inverted": lambda x, dy, rate, rng: (x * (rng.random(x.shape) >= rate), dy),
        "keeps with the rate": lambda x, dy, rate, rng: answers.dropout(x, dy, 1 - rate, rng),
        "two masks": two_masks,
        "no mask in dx": lambda x, dy, rate, rng: (answers.dropout(x, dy, rate, rng)[0], dy / (1 - rate)),
        "no factor in dx": lambda x, dy, rate, rng: ((m := mask(x, rate, rng)) * x, dy * (m > 0)),
        "a seed of its own": seeded,
        "a generator of its own": lambda x, dy, rate, rng: answers.dropout(x, dy, rate, np.random.default_rng()),
        "rows in pairs": lambda x, dy, rate, rng: (
            x * (m := np.repeat(mask(x[::2], rate, rng), 2, axis=0)),
            dy * m,
        ),
        "whole columns": lambda x, dy, rate, rng: (
            x * (m := mask(x[:1], rate, rng)),
            dy * m,
        ),
        "y alone": lambda x, dy, rate, rng: x * mask(x, rate, rng),
        "a list in dx": lambda x, dy, rate, rng: (x * mask(x, rate, rng), [1.0]),
    },
    "floor": {
        "no floor": lambda s, classes: 0.0,
        "-log of the largest target": lambda s, classes: -np.log(1 - s + s / classes),
        "smoothing over the others": lambda s, classes: -(1 - s) * np.log(1 - s) - s * np.log(s / (classes - 1)),
        "base 2": lambda s, classes: answers.floor(s, classes) / np.log(2),
        "negative": lambda s, classes: -answers.floor(s, classes),
        "nan": lambda s, classes: float("nan"),
    },
}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [pytest.param(name, of[how], id=f"{name}: {how}") for name, of in WRONG.items() for how in of],
)
def test_what_is_nearly_right_is_refused_in_one_line(name, wrong):
    said = getattr(check, name)(wrong)
    assert said not in {"right", "not yet"}
    assert "\n" not in said


def test_an_exception_of_the_readers_own_code_gets_through():
    with pytest.raises(ZeroDivisionError):
        check.floor(lambda s, classes: 1 / 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_check_says_the_same_twice(name):
    wrong = next(iter(WRONG[name].values()))
    assert getattr(check, name)(wrong) == getattr(check, name)(wrong)
