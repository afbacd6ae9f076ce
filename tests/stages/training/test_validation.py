from itertools import pairwise

from stages.training.validation import is_validation_step


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
