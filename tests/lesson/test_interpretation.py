"""The checks of the exercises on interpretation pass right answers, wait for stubs and refuse wrong answers."""

import numpy as np
import pytest

from answers import interpretation as answers
from checks import interpretation as check
from nn import plain
from stages.evaluation.metrics import wilson_interval

FUNCTIONS = ("pca", "calibration_error", "smallest_step", "dead_units")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_answer_is_right(name):
    assert getattr(check, name)(getattr(answers, name)) == "right"


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("nothing", [..., None])
def test_a_stub_is_not_yet_done(name, nothing):
    assert getattr(check, name)(lambda *_: nothing) == "not yet"


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "something", ["words", 7, [], [[1.0]], {}, float("nan"), [1.0, "x"], [[1], [1, 2]], (np.zeros(2), np.zeros(2))]
)
def test_what_is_no_answer_is_refused_in_words(name, something):
    assert getattr(check, name)(lambda *_: something) not in {"right", "not yet"}


def by_eigh(centre=True, last_first=True, root=False, scale=1.0):
    def pca(X, k):
        centred = X - centre * X.mean(axis=0)
        variances, directions = np.linalg.eigh(centred.T @ centred / len(X))
        if last_first:
            variances, directions = variances[::-1], directions[:, ::-1]
        sizes = np.sqrt(np.abs(variances)) if root else variances
        return scale * directions[:, :k], sizes[:k] / sizes.sum()

    return pca


def in_place(X, k):
    X -= X.mean(axis=0)
    return answers.pca(X, k)


WRONG_PCA = {
    "the mean is not subtracted": by_eigh(centre=False),
    "the smallest eigenvalues come first": by_eigh(last_first=False),
    "shares of standard deviations": by_eigh(root=True),
    "directions twice as long": by_eigh(scale=2.0),
    "rows for columns": lambda X, k: (answers.pca(X, k)[0].T, answers.pca(X, k)[1]),
    "shares of the first k": lambda X, k: (
        answers.pca(X, k)[0],
        answers.pca(X, k)[1] / answers.pca(X, k)[1].sum(),
    ),
    "all directions": lambda X, k: (answers.pca(X, X.shape[1])[0], answers.pca(X, k)[1]),
    "the projections": lambda X, k: (X @ answers.pca(X, k)[0], answers.pca(X, k)[1]),
    "always three": lambda X, k: answers.pca(X, 3),
    "directions alone": lambda X, k: answers.pca(X, k)[0],
    "shares missing": lambda X, k: (answers.pca(X, k)[0], None),
    "zeros for directions": lambda X, k: (np.zeros((X.shape[1], k)), answers.pca(X, k)[1]),
    "X is centred in place": in_place,
}


@pytest.mark.parametrize("wrong", WRONG_PCA.values(), ids=WRONG_PCA)
def test_a_wrong_pca_is_refused(wrong):
    assert check.pca(wrong) not in {"right", "not yet"}


def test_a_direction_may_have_either_sign():
    assert check.pca(lambda X, k: (answers.pca(X, k)[0] * [-1, 1, -1][:k], answers.pca(X, k)[1])) == "right"


def binned(bins=15, weighted=True, absolute=True, largest=False, label=False, sorts=False):
    def calibration_error(probabilities, labels):
        confidence = probabilities[np.arange(len(labels)), labels] if label else probabilities.max(axis=1)
        right = probabilities.argmax(axis=1) == labels
        number = np.ceil(bins * confidence)
        if sorts:
            number = np.arange(len(labels))[np.argsort(np.argsort(confidence))] * bins // len(labels)
        groups = [number == m for m in np.unique(number)]
        gaps = np.array([right[group].mean() - confidence[group].mean() for group in groups])
        gaps = np.abs(gaps) if absolute else gaps
        if largest:
            return gaps.max()
        return sum(
            gap * (group.mean() if weighted else 1 / len(groups)) for gap, group in zip(gaps, groups, strict=True)
        )

    return calibration_error


def with_empty_bins_divided(probabilities, labels):
    with np.errstate(all="ignore"):
        confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        number = np.ceil(15 * confidence).astype(int)
        n, hits, sums = (np.bincount(number, w, minlength=16) for w in (None, right, confidence))
        return (n / len(labels) * np.abs(hits / n - sums / n)).sum()


WRONG_CALIBRATION = {
    "ten bins": binned(bins=10),
    "every bin counts the same": binned(weighted=False),
    "the signs cancel": binned(absolute=False),
    "the largest bin error": binned(largest=True),
    "the probability of the label": binned(label=True),
    "bins with the same number of images": binned(sorts=True),
    "one bin": lambda p, y: abs((p.argmax(axis=1) == y).mean() - p.max(axis=1).mean()),
    "0 divided by 0 in an empty bin": with_empty_bins_divided,
    "a percentage": lambda p, y: 100 * answers.calibration_error(p, y),
    "accuracy": lambda p, y: (p.argmax(axis=1) == y).mean(),
}


@pytest.mark.parametrize("wrong", WRONG_CALIBRATION.values(), ids=WRONG_CALIBRATION)
def test_a_wrong_calibration_error_is_refused(wrong):
    assert check.calibration_error(wrong) not in {"right", "not yet"}


def test_bins_may_be_closed_below():
    def calibration_error(probabilities, labels):
        confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        number = (15 * confidence).astype(int)
        return sum(abs((right - confidence)[number == m].sum()) for m in range(16)) / len(labels)

    assert check.calibration_error(calibration_error) == "right"


def missing(x, W, b, source, target):
    z = x @ W + b
    return z[source] - z[target]


WRONG_STEPS = {
    "the wrong way": lambda *a: -answers.smallest_step(*a),
    "the norm is not squared": lambda *a: (
        answers.smallest_step(*a) * np.linalg.norm(a[1][:, a[4]] - a[1][:, a[3]])
    ),
    "without the bias": lambda x, W, b, s, t: answers.smallest_step(x, W, 0 * b, s, t),
    "along the target's weights alone": lambda x, W, b, s, t: (
        missing(x, W, b, s, t) * W[:, t] / (W[:, t] @ W[:, t])
    ),
    "target's weights, long enough": lambda x, W, b, s, t: (
        missing(x, W, b, s, t) * W[:, t] / (W[:, t] @ (W[:, t] - W[:, s]))
    ),
    "along the signs": lambda x, W, b, s, t: (
        missing(x, W, b, s, t) * np.sign(W[:, t] - W[:, s]) / np.abs(W[:, t] - W[:, s]).sum()
    ),
    "one pixel": lambda x, W, b, s, t: missing(x, W, b, s, t) / (W[0, t] - W[0, s]) * np.eye(len(x))[0],
    "the changed image": lambda *a: a[0] + answers.smallest_step(*a),
    "a row": lambda *a: answers.smallest_step(*a)[None],
    "its length": lambda *a: np.linalg.norm(answers.smallest_step(*a)),
    "no step": lambda *a: np.zeros_like(a[0]),
    "nan": lambda *a: a[0] * np.nan,
}


@pytest.mark.parametrize("wrong", WRONG_STEPS.values(), ids=WRONG_STEPS)
def test_a_wrong_step_is_refused(wrong):
    assert check.smallest_step(wrong) not in {"right", "not yet"}


def before_relu(params, x):
    return x @ params[0][0] + params[0][1]


WRONG_UNITS = {
    "0 for the first image": lambda p, x: np.flatnonzero(before_relu(p, x)[0] <= 0),
    "0 for some image": lambda p, x: np.flatnonzero((before_relu(p, x) <= 0).any(axis=0)),
    "below 0 in the mean": lambda p, x: np.flatnonzero(before_relu(p, x).mean(axis=0) < 1e-9),
    "small in the mean": lambda p, x: np.flatnonzero(np.maximum(before_relu(p, x), 0).mean(axis=0) < 0.02),
    "without the bias": lambda p, x: np.flatnonzero((x @ p[0][0] <= 0).all(axis=0)),
    "weights of zeros": lambda p, x: np.flatnonzero((p[0][0] == 0).all(axis=0)),
    "negative bias": lambda p, x: np.flatnonzero(p[0][1] < 0),
    "images, not units": lambda p, x: np.flatnonzero((before_relu(p, x) <= 0).all(axis=1)),
    "the living": lambda p, x: np.setdiff1d(np.arange(8), answers.dead_units(p, x)),
    "a mask": lambda p, x: (before_relu(p, x) <= 0).all(axis=0),
    "how many": lambda p, x: len(answers.dead_units(p, x)),
    "twice": lambda p, x: np.repeat(answers.dead_units(p, x), 2),
    "the first alone": lambda p, x: answers.dead_units(p, x)[:1],
}


@pytest.mark.parametrize("wrong", WRONG_UNITS.values(), ids=WRONG_UNITS)
def test_a_wrong_list_of_dead_units_is_refused(wrong):
    assert check.dead_units(wrong) not in {"right", "not yet"}


def test_dead_units_may_come_as_a_list_in_any_order():
    assert check.dead_units(lambda p, x: answers.dead_units(p, x)[::-1].tolist()) == "right"


def test_the_number_of_images_is_right_to_3_percent():
    images = answers.images_needed()
    assert check.images_needed(...) == "not yet"
    assert check.images_needed(images) == check.images_needed(round(images, -3)) == "right"
    assert [check.images_needed(images * share) == "right" for share in (0.96, 0.98, 1.02, 1.04)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [10_000, 19_500, 39_000, 155_000, 312_000, 0, -5, float("nan"), float("inf"), "many", [78_000, 2], {}],
)
def test_a_wrong_number_of_images_is_refused(wrong):
    assert check.images_needed(wrong) not in {"right", "not yet"}


def test_what_the_check_asks_for_is_the_width_of_the_wilson_interval():
    images = answers.images_needed()
    low, high = wilson_interval(check.ERROR_RATE * images, images)
    assert abs(high - low - 0.001) < 1e-5


def test_the_network_of_the_check_has_what_easier_tests_take_for_dead():
    seen = []
    check.dead_units(lambda params, x: seen.append((params, x)))
    params, x = seen[0]
    lives = (plain.forward(params, x)[0][1] > 0).sum(axis=0)
    assert list(np.flatnonzero(lives == 0)) == [1, 6]
    assert lives[4] == 1
    assert params[0][1][1] > 0
