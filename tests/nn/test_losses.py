import numpy as np
import pytest

from nn.losses import SoftmaxCrossEntropy, cross_entropy, softmax
from tests.nn.gradients import slope


@pytest.fixture
def labels():
    return np.array([0, 3, 1, 3, 2], np.uint8)


def naive(logits, labels, smoothing=0.0):
    """Straight from the definition, a row at a time."""
    losses = []
    for row, label in zip(logits, labels, strict=True):
        target = np.full(len(row), smoothing / len(row))
        target[label] += 1 - smoothing
        losses.append(-np.sum(target * np.log(np.exp(row) / np.exp(row).sum())))
    return float(np.mean(losses))


def whole(logits, labels, smoothing=0.0, dtype=np.float64):
    """The loss as training computes it, of a batch in one shard."""
    n, classes = logits.shape
    return SoftmaxCrossEntropy(n, classes, smoothing, dtype).loss_and_gradient(slice(0, n), logits, labels, n) / n


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_that_of_its_definition(rng, labels, smoothing):
    logits = rng.standard_normal((5, 4))
    assert whole(logits.copy(), labels, smoothing) == pytest.approx(naive(logits, labels, smoothing), rel=1e-12)
    assert cross_entropy(logits, labels) == pytest.approx(naive(logits, labels), rel=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_is_that_of_finite_differences(rng, labels, smoothing):
    logits = rng.standard_normal((5, 4))
    dlogits = logits.copy()
    whole(dlogits, labels, smoothing)
    direction = rng.standard_normal(logits.shape)
    wanted = slope(lambda: naive(logits, labels, smoothing), logits, direction)
    assert np.sum(dlogits * direction) == pytest.approx(wanted, rel=1e-7)


def test_the_shards_of_a_batch_give_what_the_whole_gives(rng, labels):
    logits = rng.standard_normal((5, 4))
    expected = logits.copy()
    loss = whole(expected, labels)
    in_shards = SoftmaxCrossEntropy(5, 4, dtype=np.float64)
    shards = [slice(0, 2), slice(2, 5)]
    total = sum(in_shards.loss_and_gradient(rows, logits[rows], labels[rows], 5) for rows in shards)
    assert total / 5 == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(logits, expected, rtol=1e-12)


def test_logits_of_ten_thousand_overflow_nothing(labels):
    logits = np.full((5, 4), -1e4, np.float32)
    logits[:, 2] = 1e4
    dlogits = logits.copy()
    wanted = np.mean([2e4, 2e4, 2e4, 2e4, 0])
    assert whole(dlogits, labels, dtype=np.float32) == pytest.approx(wanted)
    assert cross_entropy(logits, labels) == pytest.approx(wanted)
    assert np.isfinite(dlogits).all()
    assert softmax(logits).sum(axis=1).tolist() == [1] * 5


def test_probabilities_sum_to_one_and_keep_the_order_of_the_logits(rng):
    logits = rng.standard_normal((20, 10)).astype(np.float32)
    order = logits.argsort(axis=1)
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (probabilities.argsort(axis=1) == order).all()
