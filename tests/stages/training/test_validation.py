from itertools import pairwise

import numpy as np
import pytest

from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import SGD
from nn.parallel import WorkerPool
from nn.regularization import ExponentialMovingAverage
from nn.training import Diverged, Trainer
from stages.training.validation import Validation, is_validation_step, stratified_sample


@pytest.fixture
def trainer(rng):
    """Of a small network with an average."""
    network = Network(mlp([784, 4, 10]), 784, 8)
    network.initialize(rng)
    images, labels = rng.standard_normal((8, 784)).astype(np.float32), np.arange(8, dtype=np.uint8)
    optimizer = SGD(network.params, network.grads, network.n_weights)
    average = ExponentialMovingAverage(network.state, 0.9)
    average.scaled *= 0.5  # another vector than the state
    with WorkerPool(1) as pool:
        yield Trainer(network, optimizer, images, labels, pool=pool, average=average)


def test_the_model_is_the_average_and_the_best_one_can_be_restored(trainer):
    arrays = trainer.loader.images, trainer.loader.labels
    validation = Validation(trainer.network, arrays, arrays, patience=2)
    first = validation.evaluate(trainer, 1)
    assert first[:2] == first[2:]
    assert (validation.model.params == trainer.average.average).all()
    best = validation.model.params.copy()
    trainer.average.scaled *= 50
    second = validation.evaluate(trainer, 2)
    assert second.val_loss is not None
    assert second.val_loss > (first.val_loss or 0)
    assert not validation.is_best
    validation.restore_best()
    assert (validation.model.params == best).all()


def test_a_validation_loss_that_is_not_finite_ends_the_run(trainer):
    trainer.average.scaled[:] = np.nan
    arrays = trainer.loader.images, trainer.loader.labels
    validation = Validation(trainer.network, arrays, arrays, patience=None)
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="loss at the validation of iteration 7 is nan"):
        validation.evaluate(trainer, 7)


def test_both_losses_are_those_of_the_model_on_the_images_as_they_are(trainer):
    images, labels = trainer.loader.images, trainer.loader.labels
    validation = Validation(trainer.network, (images, labels), (images[:3], labels[:3]), patience=None)
    found = validation.evaluate(trainer, 1)
    logits = validation.model.forward(slice(0, 8), x=images).astype(np.float64)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(8), labels]
    assert found.train_loss == pytest.approx(losses.mean(), rel=1e-6)
    assert found.val_loss == pytest.approx(losses[:3].mean(), rel=1e-6)
    assert found.train_accuracy == (logits.argmax(axis=1) == labels).mean()


def test_without_validation_images_the_training_images_are_measured(trainer):
    arrays = trainer.loader.images, trainer.loader.labels
    nothing = trainer.loader.images[:0], trainer.loader.labels[:0]
    found = Validation(trainer.network, arrays, nothing, patience=None).evaluate(trainer, 1)
    assert found.train_loss > 0
    assert (found.val_loss, found.val_accuracy) == (None, None)


def test_the_sample_of_the_training_images_has_the_share_of_each_class(rng):
    labels = rng.choice(4, 10_000, p=[0.1, 0.2, 0.3, 0.4]).astype(np.uint8)
    sample = stratified_sample(labels, 500)
    assert len(set(sample.tolist())) == 500
    counts = np.bincount(labels[sample], minlength=4)
    assert np.abs(counts - np.bincount(labels) / 20).max() < 1
    assert np.array_equal(sample, stratified_sample(labels, 500))
    assert sorted(stratified_sample(labels[:300], 500).tolist()) == list(range(300))


def due(steps, steps_per_epoch, every=None):
    return [step for step in range(1, steps + 1) if is_validation_step(step, every, steps, steps_per_epoch)]


def test_a_long_run_is_validated_after_each_epoch():
    assert due(3000, 100) == list(range(100, 3001, 100))


def test_a_short_run_is_validated_at_least_twenty_times_and_after_each_epoch():
    steps = due(1000, 500)
    assert len(steps) == 20
    assert {500, 1000} <= set(steps)
    assert {later - earlier for earlier, later in pairwise(steps)} == {50}


def test_a_run_of_a_few_steps_is_validated_after_each():
    assert due(5, 500) == [1, 2, 3, 4, 5]


def test_validations_may_be_asked_for_every_so_many_steps():
    assert due(1000, 300, every=400) == [400, 800]
