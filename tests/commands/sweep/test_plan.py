from pathlib import Path

import pytest

from commands.sweep.plan import RESULTS, SWEEPS, experiments, missing_experiments, read_sweep, results, save
from stages.runtime.atomic import write_json
from stages.runtime.errors import UserError
from tests.commands.sweep.conftest import SWEEP, ended


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
        save("widths", widths, ended(experiment, train={"val_accuracy": 0.99}))
    assert [(entry.row, entry.seed) for entry in results("widths")] == [
        (entry.row, entry.seed) for entry in experiments(widths)
    ]
    assert not list(missing_experiments("widths", widths))


def test_a_run_without_validation_images_is_kept_too(widths):
    for experiment in experiments(widths):
        save("widths", widths, ended(experiment, train={"train_loss": 0.3}, test={"errors": 50}))
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
        (("{about: wide", "{about: [wide"), f"{SWEEPS}/widths.yaml, line 9 is not valid YAML"),
    ],
)
def test_a_sweep_that_is_not_as_it_should_be_is_refused(widths, change, message):
    Path(f"{SWEEPS}/widths.yaml").write_text(SWEEP.replace(*change))
    Path("recipes").mkdir()
    Path("recipes/deep.yaml").touch()
    with pytest.raises(UserError, match=message):
        read_sweep("widths")


def test_an_unknown_sweep_is_refused_with_the_one_that_was_meant(widths):
    with pytest.raises(UserError, match=rf"{SWEEPS}/width.yaml is missing; did you mean widths\?"):
        read_sweep("width")
