import time

import pytest

from commands.sweep import __main__ as sweep
from commands.sweep.plan import experiments, missing_experiments, results, save
from stages.runtime.errors import UserError
from tests.commands.sweep.conftest import ended


@pytest.fixture
def error_rates(widths):
    """Validation errors of the results, by row and seed; all four are 0.5 at first."""
    for experiment in experiments(widths):
        save("widths", widths, ended(experiment, train={"val_accuracy": 0.5}))

    def read():
        return [1 - entry.metrics["train"]["val_accuracy"] for entry in results("widths")]

    return read


def test_a_result_is_replaced_only_when_its_experiment_has_ended_well(widths, error_rates, monkeypatch):
    def run(name, plan, experiment, commit):
        if experiment.seed == 1:
            raise UserError("train: no luck")
        return ended(experiment, train={"val_accuracy": 1.0})

    monkeypatch.setattr(sweep, "run", run)
    with pytest.raises(UserError) as caught:
        sweep.run_all("widths", widths, list(experiments(widths)), "a commit", 2)
    lines = ["widths-narrow-1: train: no luck", "widths-wide-1: train: no luck"]
    assert sorted(str(caught.value).splitlines()) == lines
    assert error_rates() == [0, 0.5, 0, 0.5]


def test_an_interruption_leaves_the_results_that_are_there(widths, error_rates, monkeypatch):
    def run(name, plan, experiment, commit):
        if experiment.row == "wide":
            while error_rates()[:2] != [0, 0]:
                time.sleep(0.01)
            raise KeyboardInterrupt
        return ended(experiment, train={"val_accuracy": 1.0})

    monkeypatch.setattr(sweep, "run", run)
    with pytest.raises(KeyboardInterrupt):
        sweep.run_all("widths", widths, list(experiments(widths)), "a commit", 1)
    assert error_rates() == [0, 0, 0.5, 0.5]
    assert not list(missing_experiments("widths", widths))


def test_no_experiment_at_a_time_is_refused_in_a_line(widths, monkeypatch):
    monkeypatch.setattr("sys.argv", ["sweep", "widths", "--jobs", "0"])
    with pytest.raises(UserError, match="--jobs is 0: should be at least 1"):
        sweep.main()
