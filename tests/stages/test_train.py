from itertools import pairwise

import pytest

from stages.errors import UserError
from stages.params import validate
from stages.train import Train, validation_due

PARAMS = {
    "seed": 0,
    "hidden": [16],
    "activation": "relu",
    "epochs": 3,
    "iterations": None,
    "batch_size": 100,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.9,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "schedule": "constant",
    "log_every": None,
    "validate_every": None,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"iterations": 1000},
            "train: epochs is 3 and iterations is 1000: exactly one of them should be null",
        ),
        ({"epochs": None}, "train: epochs is null and iterations is null: exactly one of them"),
        ({"epochs": 0}, "train.epochs is 0: input should be greater than or equal to 1"),
        ({"hidden": [16, 0]}, "train.hidden.1 is 0: input should be greater than or equal to 1"),
        ({"hidden": 16}, "train.hidden is 16: input should be a valid list"),
        ({"activation": "Relu"}, "train.activation is \"Relu\": input should be 'relu'"),
        ({"optimizer": "adamw"}, "train.optimizer is \"adamw\": input should be 'sgd' or 'adam'"),
        ({"momentum": 1.0}, "train.momentum is 1.0: input should be less than 1"),
        ({"learning_rate": -0.1}, "train.learning_rate is -0.1: input should be greater than 0"),
        ({"seed": -1}, "train.seed is -1: input should be greater than or equal to 0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        validate("train", {"train": PARAMS | change}, Train)


def due(steps, an_epoch, every=None):
    return [step for step in range(1, steps + 1) if validation_due(step, every, steps, an_epoch)]


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
