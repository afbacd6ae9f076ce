from pathlib import Path

import pytest
from scipy.stats import binomtest

from commands.sweep import __main__ as sweep
from commands.sweep import plan
from commands.sweep.plan import RESULTS, SWEEPS, experiments, missing_experiments, read_sweep
from commands.sweep.report import PAGE, TEMPLATE, comparison, mcnemar, page, table
from stages.runtime.atomic import write_json
from stages.runtime.errors import UserError
from tests import ROOT

SWEEP = """
title: Widths
text: Two of them.
stage: train
seeds: [0, 1]
set: {train.epochs: 2}
rows:
  narrow: {about: narrow}
  wide: {about: wide, set: {train.hidden: [64]}}
"""


@pytest.fixture
def widths(tmp_path, monkeypatch):
    """The sweep `widths`, as the file of a checkout."""
    monkeypatch.chdir(tmp_path)
    SWEEPS.mkdir(parents=True)
    Path(f"{SWEEPS}/widths.yaml").write_text(SWEEP)
    return read_sweep("widths")


def ended(experiment, **metrics):
    return experiment.model_copy(update={"metrics": metrics, "seconds": 7.0})


def test_a_sweep_has_an_experiment_for_each_row_and_seed(widths):
    assert [(entry.row, entry.seed, entry.set) for entry in experiments(widths)] == [
        ("narrow", 0, {"train.epochs": 2, "train.seed": 0}),
        ("narrow", 1, {"train.epochs": 2, "train.seed": 1}),
        ("wide", 0, {"train.epochs": 2, "train.hidden": [64], "train.seed": 0}),
        ("wide", 1, {"train.epochs": 2, "train.hidden": [64], "train.seed": 1}),
    ]


def test_a_sweep_may_begin_with_a_recipe_and_change_that(widths):
    Path("recipes").mkdir()
    Path("recipes/deep.yaml").write_text(
        "train:\n  hidden: [8, 8, 8]\n  epochs: 9\n  augment:\n    rotation: 3.0\n"
    )
    narrow, _, wide, _ = experiments(widths.model_copy(update={"recipe": "deep"}))
    deep = {"train.epochs": 2, "train.augment.rotation": 3.0, "train.seed": 0}
    assert narrow.set == {"train.hidden": [8, 8, 8], **deep}
    assert wide.set == {"train.hidden": [64], **deep}


def test_only_what_has_not_been_run_with_these_settings_is_missing(widths):
    first, second, *others = experiments(widths)
    entries = [ended(first, train={}), ended(second, train={}).model_copy(update={"set": {"train.epochs": 9}})]
    write_json(RESULTS / "widths.json", {"experiments": [entry.model_dump() for entry in entries]})
    assert list(missing_experiments("widths", widths)) == [second, *others]


def test_results_are_kept_in_the_order_of_the_sweep(widths):
    for experiment in reversed(list(experiments(widths))):
        plan.keep("widths", widths, ended(experiment, train={"validation_accuracy": 0.99}))
    assert [(entry.row, entry.seed) for entry in plan.results("widths")] == [
        (entry.row, entry.seed) for entry in experiments(widths)
    ]
    assert not list(missing_experiments("widths", widths))


def test_a_run_without_validation_images_is_kept_too(widths):
    for experiment in experiments(widths):
        plan.keep("widths", widths, ended(experiment, train={"train_loss": 0.3}, test={"errors": 50}))
    assert not list(missing_experiments("widths", widths))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("seeds: [0, 1]", "seeds: []"),
            f"{SWEEPS}/widths.yaml: seeds: List should have at least 1 item",
        ),
        (("stage: train", "stage: test"), f"{SWEEPS}/widths.yaml: stage"),
        (("rows:", "row:"), f"{SWEEPS}/widths.yaml: rows: Field required"),
        (("stage:", "recipe: deap\nstage:"), r"widths.yaml: there is no recipe deap; did you mean deep\?"),
        (("{about: wide", "{about: [wide"), f"{SWEEPS}/widths.yaml is not valid YAML"),
    ],
)
def test_a_sweep_that_is_not_as_it_should_be_is_refused(widths, change, message):
    Path(f"{SWEEPS}/widths.yaml").write_text(SWEEP.replace(*change))
    Path("recipes").mkdir()
    Path("recipes/deep.yaml").touch()
    with pytest.raises(UserError, match=message):
        read_sweep("widths")


def test_an_experiment_of_the_same_name_with_other_parameters_is_refused(widths):
    *_, wide = experiments(widths)
    content = {"params": {"params.yaml": {"data": {"train": {"epochs": 2, "hidden": [64], "seed": 1}}}}}
    sweep.refuse_others("widths-wide-1", wide, content)
    content["params"]["params.yaml"]["data"]["train"]["hidden"] = [32]
    with pytest.raises(UserError, match=r"widths-wide-1 has train.hidden \[32\], not \[64\]; `dvc exp remove"):
        sweep.refuse_others("widths-wide-1", wide, content)


def test_an_unknown_sweep_is_refused_with_the_one_that_was_meant(widths):
    with pytest.raises(UserError, match=rf"{SWEEPS}/width.yaml is missing; did you mean widths\?"):
        read_sweep("width")


def test_a_table_shows_every_seed_and_the_mean(widths):
    accuracies = iter([0.99, 0.98])
    for experiment in list(experiments(widths))[:2]:
        plan.keep("widths", widths, ended(experiment, train={"validation_accuracy": next(accuracies)}))
    lines = table("widths").splitlines()
    assert lines[0] == "### Widths"
    assert "`dvc exp run train -S train.epochs=2 -S train.seed=SEED`" in lines[4]
    assert lines[-2] == "| narrow | 100, 200 | 1.500 % | 1.00 to 2.00 % | 7 |  |"
    assert lines[-1] == "| wide | not run yet | | | | `-S 'train.hidden=[64]'` |"


def test_a_table_has_the_setting_of_the_least_errors_first(widths):
    accuracies = iter([0.98, 0.97, 0.975, 0.99])
    for experiment in experiments(widths):
        plan.keep("widths", widths, ended(experiment, train={"validation_accuracy": next(accuracies)}))
    wide, narrow = table("widths").splitlines()[-2:]
    assert wide.startswith("| wide | 250, 100 |")
    assert narrow.startswith("| narrow | 200, 300 |")


def test_a_table_shows_nothing_that_was_made_with_other_settings(widths):
    for experiment in experiments(widths):
        plan.keep("widths", widths, ended(experiment, train={"validation_accuracy": 0.99}))
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
