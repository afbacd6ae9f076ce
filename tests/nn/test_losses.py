import numpy as np
import pytest

from nn.losses import SoftmaxCrossEntropy, cross_entropy, softmax
from tests.nn.gradients import slope


@pytest.fixture
def labels():
    return np.array([0, 3, 1, 3, 2], np.uint8)


def naive(logits, labels):
    """Straight from the definition, a row at a time."""
    losses = [np.log(np.sum(np.exp(row))) - row[label] for row, label in zip(logits, labels, strict=True)]
    return float(np.mean(losses))


def test_the_loss_is_that_of_its_definition(rng, labels):
    logits = rng.standard_normal((5, 4))
    assert cross_entropy(logits, labels) == pytest.approx(naive(logits, labels), rel=1e-12)
    assert SoftmaxCrossEntropy(5, 4, np.float64)(logits.copy(), labels) == pytest.approx(naive(logits, labels))


def test_the_gradient_is_that_of_finite_differences(rng, labels):
    logits = rng.standard_normal((5, 4))
    dlogits = logits.copy()
    SoftmaxCrossEntropy(5, 4, np.float64)(dlogits, labels)
    direction = rng.standard_normal(logits.shape)
    wanted = slope(lambda: naive(logits, labels), logits, direction)
    assert np.sum(dlogits * direction) == pytest.approx(wanted, rel=1e-7)


def test_a_batch_smaller_than_the_buffers_uses_the_first_rows(rng, labels):
    logits = rng.standard_normal((5, 4))
    expected = logits[:3].copy()
    loss = SoftmaxCrossEntropy(3, 4, np.float64)(expected, labels[:3])
    loss_of = SoftmaxCrossEntropy(5, 4, np.float64)
    loss_of(logits.copy(), labels)
    again = logits[:3].copy()
    assert loss_of(again, labels[:3]) == loss
    assert again.tolist() == expected.tolist()


def test_logits_of_ten_thousand_overflow_nothing(labels):
    logits = np.full((5, 4), -1e4, np.float32)
    logits[:, 2] = 1e4
    dlogits = logits.copy()
    wanted = np.mean([2e4, 2e4, 2e4, 2e4, 0])
    assert SoftmaxCrossEntropy(5, 4)(dlogits, labels) == pytest.approx(wanted)
    assert cross_entropy(logits, labels) == pytest.approx(wanted)
    assert np.isfinite(dlogits).all()
    assert softmax(logits).sum(axis=1).tolist() == [1] * 5


def test_probabilities_sum_to_one_and_keep_the_order_of_the_logits(rng):
    logits = rng.standard_normal((20, 10)).astype(np.float32)
    order = logits.argsort(axis=1)
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (probabilities.argsort(axis=1) == order).all()
