from pathlib import Path

import pytest
from scipy.stats import binomtest

from commands.sweep.plan import RESULTS, SWEEPS, experiments, save
from commands.sweep.report import PAGE, TEMPLATE, comparison, mcnemar, page, table
from stages.runtime.atomic import write_json
from tests import ROOT
from tests.commands.sweep.conftest import SWEEP, ended


def test_a_table_shows_every_seed_and_the_mean(widths):
    accuracies = iter([0.99, 0.98])
    for experiment in list(experiments(widths))[:2]:
        save("widths", widths, ended(experiment, train={"val_accuracy": next(accuracies)}))
    lines = table("widths").splitlines()
    assert lines[0] == "### Widths"
    assert "`dvc exp run train -S train.epochs=2 -S train.seed=SEED`" in lines[4]
    assert lines[-2] == "| narrow | 100, 200 | 1.500 % | 1.00 to 2.00 % | 7 |  |"
    assert lines[-1] == "| wide | not run yet | | | | `-S 'train.hidden=[64]'` |"


def test_a_table_has_the_setting_of_the_least_errors_first(widths):
    accuracies = iter([0.98, 0.97, 0.975, 0.99])
    for experiment in experiments(widths):
        save("widths", widths, ended(experiment, train={"val_accuracy": next(accuracies)}))
    wide, narrow = table("widths").splitlines()[-2:]
    assert wide.startswith("| wide | 250, 100 |")
    assert narrow.startswith("| narrow | 200, 300 |")


def test_a_table_shows_nothing_that_was_made_with_other_settings(widths):
    for experiment in experiments(widths):
        save("widths", widths, ended(experiment, train={"val_accuracy": 0.99}))
    Path(f"{SWEEPS}/widths.yaml").write_text(SWEEP.replace("[64]", "[65]"))
    narrow, wide = table("widths").splitlines()[-2:]
    assert narrow.startswith("| narrow | 100, 100 |")
    assert wide.startswith("| wide | not run yet |")


def test_two_sweeps_are_compared_seed_by_seed(widths):
    first, *_ = experiments(widths)
    for name, wrong in (("a", [1, 2, 3]), ("b", [3, 4])):
        Path(f"{SWEEPS}/{name}.yaml").write_text(SWEEP)
        entry = ended(first, test={"misclassified": wrong})
        write_json(RESULTS / f"{name}.json", {"experiments": [entry.model_dump()]})
    assert comparison("a", "b").splitlines()[-1] == "| 0 | 2 | 1 | 1 | 1 |"


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 5), (3, 3), (12, 30), (81, 60)])
def test_mcnemars_p_is_the_binomial_tests(a, b):
    expected = binomtest(a, a + b).pvalue if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(expected)


def test_the_committed_page_is_made_of_the_committed_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert PAGE.read_text("utf-8") == page(TEMPLATE.read_text("utf-8"))
