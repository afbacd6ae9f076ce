from itertools import pairwise

import numpy as np
import pytest

from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import SGD
from nn.parallel import WorkerPool
from nn.regularization import ExponentialMovingAverage
from nn.training import Diverged, Trainer
from stages.training.validation import Validation, is_validation_step


@pytest.fixture
def trainer(rng):
    """Of a small network with an average."""
    network = Network(mlp([784, 4, 10]), 784, 8)
    network.initialize(rng)
    images, labels = rng.standard_normal((8, 784)).astype(np.float32), np.arange(8, dtype=np.uint8)
    optimizer = SGD(network.params, network.grads, network.n_weights)
    average = ExponentialMovingAverage(network.state, 0.9)
    average.average *= 0.5  # another vector than the state
    with WorkerPool(1) as pool:
        yield Trainer(network, optimizer, images, labels, pool=pool, average=average)


def test_the_model_is_the_average_and_the_best_one_can_be_restored(trainer):
    validation = Validation(trainer.network, trainer.images, trainer.labels, patience=2)
    first = validation.evaluate(trainer, 1)
    assert first is not None
    assert (validation.model.params == trainer.average.average).all()
    best = validation.model.params.copy()
    trainer.average.average *= 50
    second = validation.evaluate(trainer, 2)
    assert second is not None
    assert second[0] > first[0]
    validation.restore_best()
    assert (validation.model.params == best).all()


def test_a_validation_loss_that_is_not_finite_ends_the_run(trainer):
    trainer.average.average[:] = np.nan
    validation = Validation(trainer.network, trainer.images, trainer.labels, patience=None)
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="validation loss is nan at iteration 7"):
        validation.evaluate(trainer, 7)


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
