"""The checks of notebook 1 take the answers and refuse what is wrong."""

import numpy as np
import pytest

from answers import linear_classifier as answers
from checks import linear_classifier as check

EXERCISES = ["softmax", "cross_entropy", "weighted_nearest_mean", "mean_loss"]


def stable(logits, axis=1):
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def in_place(logits):
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def naive(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def one_maximum(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum(axis=1, keepdims=True)


def shifted(logits, of_row):
    powers = np.exp(logits - of_row(logits, axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy_from_the_first(logits, labels):
    z = logits - logits[:, :1]
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels])


def own(logits, labels):
    return stable(logits)[np.arange(len(labels)), labels]


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_is_right(name):
    assert getattr(check, name)(getattr(answers, name)) == "right"


def test_the_best_confidence_is_right():
    assert check.best_confidence(answers.best_confidence()) == "right"


def test_the_best_confidence_read_off_a_grid_is_right():
    grid = np.linspace(0.01, 0.99, 99)
    assert check.best_confidence(grid[np.argmin([check.expected_loss(c, 0.85) for c in grid])]) == "right"


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("nothing", [..., None])
def test_a_stub_is_not_there_yet(name, nothing):
    assert getattr(check, name)(lambda *_: nothing) == "not yet"
    assert check.best_confidence(nothing) == "not yet"


def test_half_an_answer_is_not_there_yet():
    assert check.weighted_nearest_mean(lambda means, s: ((means / s).T, ...)) == "not yet"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (naive, "is nan"),
        (one_maximum, "is nan"),
        (lambda z: shifted(z, np.mean), "is nan"),
        (lambda z: shifted(z, np.min), "is nan"),
        (lambda z: stable(z, axis=0), "p["),
        (lambda z: np.exp(z - z.max(axis=1, keepdims=True)), "p["),
        (lambda z: np.exp(z) / np.exp(z).sum(), "p["),
        (lambda z: stable(z).T, "the shape (3, 5)"),
        (lambda z: np.log(stable(z)), "p["),
        (in_place, "have changed"),
        (lambda z: "p", "not an array of numbers"),
    ],
    ids=[
        "no maximum subtracted",
        "one maximum for all rows",
        "the mean subtracted",
        "the smallest subtracted",
        "over the columns",
        "not divided",
        "divided by the sum of all",
        "transposed",
        "its logarithm",
        "in place",
        "no array",
    ],
)
def test_a_wrong_softmax_is_refused(wrong, said):
    assert said in check.softmax(wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda z, t: -np.log(own(z, t)).mean(), "(1000, 0)"),
        (lambda z, t: -np.log(own(z, t) + 1e-12).mean(), "(1000, 0)"),
        (cross_entropy_from_the_first, "(0, 1000)"),
        (lambda z, t: answers.cross_entropy(z, t) * len(t), "the loss is"),
        (lambda z, t: -answers.cross_entropy(z, t), "the loss is"),
        (lambda z, t: answers.cross_entropy(z, t) / np.log(2), "the loss is"),
        (lambda z, t: answers.cross_entropy(z, z.argmax(axis=1)), "the loss is"),
        (lambda z, t: ((1 - own(z, t)) ** 2).mean(), "the loss is"),
        (lambda z, t: -np.log(own(z, t)), "the shape (6,)"),
        (lambda z, t: answers.cross_entropy(in_place(z), t), "the loss is"),
    ],
    ids=[
        "log of softmax",
        "a small number added",
        "the first score subtracted",
        "sum",
        "sign",
        "bits",
        "of the class that was read",
        "squared error",
        "no mean",
        "softmax twice",
    ],
)
def test_a_wrong_cross_entropy_is_refused(wrong, said):
    assert said in check.cross_entropy(wrong)


def test_a_cross_entropy_that_shifts_its_logits_in_place_is_refused():
    def shifts(logits, labels):
        logits -= logits.max(axis=1, keepdims=True)
        return answers.cross_entropy(logits, labels)

    assert "have changed" in check.cross_entropy(shifts)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda m, s: ((m / s).T, np.zeros(4)), "distance"),
        (lambda m, s: ((m / s).T, -(m**2 / s).sum(axis=1)), "distance"),
        (lambda m, s: ((m / s).T, (m**2 / s).sum(axis=1) / 2), "distance"),
        (lambda m, s: ((m / s).T, -(m**2).sum(axis=1) / 2), "distance"),
        (lambda m, s: ((m * s).T, -(m**2 * s).sum(axis=1) / 2), "distance"),
        (lambda m, s: (m.T, -(m**2).sum(axis=1) / 2), "distance"),
        (lambda m, s: (-(m / s).T, (m**2 / s).sum(axis=1) / 2), "distance"),
        (lambda m, s: (np.full((6, 4), np.nan), np.zeros(4)), "distance"),
        (lambda m, s: (m / s, -(m**2 / s).sum(axis=1) / 2), "W has the shape (4, 6)"),
        (lambda m, s: ((m / s).T, -(m**2 / s).sum(axis=1, keepdims=True) / 2), "b has the shape (4, 1)"),
        (lambda m, s: (m / s).T, "two arrays"),
        (lambda m, s: ("W", "b"), "W is str, not an array"),
    ],
    ids=[
        "no b",
        "b not halved",
        "sign of b",
        "b without s",
        "times s",
        "without s",
        "the farthest",
        "nan",
        "W transposed",
        "b a column",
        "no b returned",
        "no arrays",
    ],
)
def test_a_wrong_weighted_nearest_mean_is_refused(wrong, said):
    assert said in check.weighted_nearest_mean(wrong)


@pytest.mark.parametrize(
    "right",
    [
        lambda m, s: (2 * (m / s).T, -(m**2 / s).sum(axis=1)),
        lambda m, s: ((m / s).T + 1, -(m**2 / s).sum(axis=1) / 2 + 3),
        lambda m, s: [(m / s).T.astype(np.float32), (-(m**2 / s).sum(axis=1) / 2).astype(np.float32)],
    ],
    ids=["twice", "shifted alike", "float32 in a list"],
)
def test_another_w_and_b_with_the_same_choices_is_right(right):
    assert check.weighted_nearest_mean(right) == "right"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda c, a: -a * np.log(c),
        lambda c, a: -a * np.log(c) - (1 - a) * np.log(1 - c),
        lambda c, a: -a * np.log(c) - (1 - a) * np.log((1 - c) / 10),
        lambda c, a: -np.log(a * c + (1 - a) * (1 - c) / 9),
        lambda c, a: -c * np.log(a + 0.01) - (1 - c) * np.log((1.01 - a) / 9),
        lambda c, a: [1.0],
    ],
    ids=["only the right ones", "two classes", "ten others", "log of the mean", "c and a exchanged", "a list"],
)
def test_a_wrong_mean_loss_is_refused(wrong):
    assert "mean_loss(" in check.mean_loss(wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (1.0, "infinite"),
        (0, "infinite"),
        (85, "no probability"),
        (0.9, "another c has less"),
        (0.8, "another c has less"),
        (np.nan, "no probability"),
        ([0.85, 0.15], "one number"),
        ("most", "one number"),
    ],
)
def test_a_wrong_best_confidence_is_refused(wrong, said):
    assert said in check.best_confidence(wrong)


def test_no_c_of_a_fine_grid_has_a_smaller_loss_than_the_best():
    grid = np.linspace(0.001, 0.999, 999)
    assert min(check.expected_loss(c, 0.85) for c in grid) >= check.expected_loss(0.85, 0.85) - 1e-12


def test_what_a_readers_function_raises_comes_through():
    def broken(*_):
        raise ZeroDivisionError

    for name in EXERCISES:
        with pytest.raises(ZeroDivisionError):
            getattr(check, name)(broken)
