"""The checks of notebook 2 take its answers and refuse what readers may write instead."""

import numpy as np
import pytest

from answers import gradient_descent as answers
from checks import gradient_descent as check
from nn.losses import SoftmaxCrossEntropy

EXERCISES = ["slope_along", "squared_error", "label_smoothing", "largest_rate"]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_answer_is_right(name):
    assert getattr(check, name)(getattr(answers, name)) == "right"


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("stub", [..., None])
def test_a_stub_is_not_yet_done(name, stub):
    assert getattr(check, name)(lambda *arguments: stub) == "not yet"


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    "value", [0.0, float("nan"), "0.1", [1.0, 2.0], [[1.0], [2.0, 3.0]], {}, np.zeros((7, 3))]
)
def test_what_is_no_answer_is_named(name, value):
    said = getattr(check, name)(lambda *arguments: value)
    assert said not in {"right", "not yet"}
    assert "\n" not in said


def slope(array, direction, h, loss, ahead=1.0, behind=1.0, width=2.0):
    before = array.copy()
    array += ahead * h * direction
    above = loss()
    array[...] = before - behind * h * direction
    below = loss()
    array[...] = before
    return (above - below) / (width * h)


def moves_a_copy(loss, array, direction, h):
    array = array + h * direction
    above = loss()
    array = array - 2 * h * direction
    return (above - loss()) / (2 * h)


def leaves_it_moved(loss, array, direction, h):
    array += h * direction
    above = loss()
    array -= 2 * h * direction
    return (above - loss()) / (2 * h)


@pytest.mark.parametrize(
    "wrong",
    {
        "one-sided": lambda loss, a, v, h: slope(a, v, h, loss, behind=0, width=1),
        "divided by h alone": lambda loss, a, v, h: slope(a, v, h, loss, width=1),
        "an h of its own": lambda loss, a, v, h: slope(a, v, 1e-6, loss),
        "the wrong sign": lambda loss, a, v, h: -slope(a, v, h, loss),
        "another direction": lambda loss, a, v, h: slope(a, np.ones_like(v), h, loss),
        "a direction of length 1": lambda loss, a, v, h: slope(a, v / np.linalg.norm(v), h, loss),
        "a copy": moves_a_copy,
        "not put back": leaves_it_moved,
    }.items(),
    ids=lambda wrong: wrong[0],
)
def test_a_wrong_slope_is_refused(wrong):
    assert check.slope_along(wrong[1]) not in {"right", "not yet"}


def test_a_slope_that_leaves_the_array_moved_hears_of_it():
    assert "afterwards" in check.slope_along(leaves_it_moved)


def test_an_array_may_differ_in_its_last_bits_after_it_was_moved_and_back():
    def there_and_back(loss, array, direction, h):
        array += h * direction
        above = loss()
        array -= 2 * h * direction
        below = loss()
        array += h * direction
        return (above - below) / (2 * h)

    assert check.slope_along(there_and_back) == "right"


@pytest.mark.parametrize(
    "wrong",
    {
        "as for cross-entropy": lambda p, t: (p - t) / len(p),
        "dp alone": lambda p, t: 2 * (p - t) / len(p),
        "the label alone": lambda p, t: answers.squared_error(p, np.eye(5)[t.argmax(axis=1)]),
        "no 2": lambda p, t: answers.squared_error(p, t) / 2,
        "no n": lambda p, t: answers.squared_error(p, t) * len(p),
        "a mean over the classes": lambda p, t: answers.squared_error(p, t) / p.shape[1],
        "the diagonal of J alone": lambda p, t: 2 * p * (1 - p) * (p - t) / len(p),
        "a sum over the rows": lambda p, t: p * (2 * (p - t) - np.sum(2 * p * (p - t), axis=0)) / len(p),
        "transposed": lambda p, t: answers.squared_error(p, t).T,
        "float32": lambda p, t: answers.squared_error(p.astype(np.float32), t).round(4),
    }.items(),
    ids=lambda wrong: wrong[0],
)
def test_a_wrong_gradient_of_the_squared_error_is_refused(wrong):
    assert check.squared_error(wrong[1]) not in {"right", "not yet"}


def target(labels, own, other):
    t = np.full((len(labels), 10), other)
    t[np.arange(len(labels)), labels] = own
    return t


@pytest.mark.parametrize(
    "wrong",
    {
        "not smoothed": lambda p, labels: (p - target(labels, 1, 0)) / len(p),
        "a target that sums to 0.9": lambda p, labels: (p - target(labels, 0.9, 0)) / len(p),
        "nothing for the label": lambda p, labels: (p - target(labels, 0.9, 0.1 / 9)) / len(p),
        "a target that sums to 1.9": lambda p, labels: (p - target(labels, 1, 0.1)) / len(p),
        "no n": lambda p, labels: p - target(labels, 0.91, 0.01),
        "the wrong sign": lambda p, labels: (target(labels, 0.91, 0.01) - p) / len(p),
        "divided by the classes": lambda p, labels: (p - target(labels, 0.91, 0.01)) / 10,
    }.items(),
    ids=lambda wrong: wrong[0],
)
def test_a_wrong_gradient_with_smoothed_labels_is_refused(wrong):
    assert check.label_smoothing(wrong[1]) not in {"right", "not yet"}


def curvature(x, bias=True, power=2):
    x = np.hstack([x, np.ones((len(x), 1))]) if bias else x
    return 0.1 * np.linalg.norm(x, ord=2) ** power / len(x)


@pytest.mark.parametrize(
    "wrong",
    {
        "no bias": lambda x: 2 / curvature(x, bias=False),
        "1 / curvature": lambda x: 1 / curvature(x),
        "no tenth": lambda x: 0.2 / curvature(x),
        "p (1 - p) for the curvature of softmax": lambda x: 2 / (0.9 * curvature(x)),
        "a sum over the images": lambda x: 2 / (curvature(x) * len(x)),
        "a singular value": lambda x: 2 / curvature(x, power=1),
        "the curvature": curvature,
        "without the mean": lambda x: 2 / curvature(x - x.mean(axis=0)),
    }.items(),
    ids=lambda wrong: wrong[0],
)
def test_a_wrong_largest_rate_is_refused(wrong):
    assert check.largest_rate(wrong[1]) not in {"right", "not yet"}


@pytest.mark.parametrize(("part", "grows"), [(0.98, False), (1.02, True)])
def test_the_largest_rate_is_where_descent_begins_to_diverge(part, grows):
    rng = np.random.default_rng(5)
    x, W = 0.7 + rng.standard_normal((30, 8)), rng.standard_normal((9, 10))
    rate, x1 = part * answers.largest_rate(x), np.hstack([x, np.ones((30, 1))])
    sizes = []
    for _ in range(400):  # down the quadratic loss with the curvature that softmax has where every p is 0.1
        u = x1 @ W
        u -= u.mean(axis=1, keepdims=True)
        W -= rate * x1.T @ (0.1 * u) / 30
        sizes.append(np.linalg.norm(u))
    assert (sizes[-1] > sizes[-100]) == grows


def test_centring_allows_a_larger_rate():
    assert answers.gain_by_centring(np.random.default_rng(6).standard_normal((50, 6)) + 1) > 2


def test_smoothed_labels_are_those_of_the_engine():
    rng = np.random.default_rng(7)
    logits, labels = rng.standard_normal((4, 10)), rng.integers(10, size=4)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = SoftmaxCrossEntropy(4, 10, smoothing=0.1, dtype=np.float64)
    loss.loss_and_gradient(slice(0, 4), logits, labels, 4)  # overwrites logits with dlogits
    assert np.allclose(answers.label_smoothing(p, labels), logits, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["squared_error", "label_smoothing", "largest_rate"])
def test_an_answer_that_changes_its_inputs_is_judged_by_what_it_returns(name):
    def changes(*arguments):
        found = getattr(answers, name)(*arguments)
        for argument in arguments:
            argument[...] = 0
        return found

    assert getattr(check, name)(changes) == "right"
