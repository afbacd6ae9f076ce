"""A sweep: the experiments it consists of, and their results."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from commands.recipe import RECIPES, names
from stages.runtime.atomic import read_json, write_json
from stages.runtime.errors import UserError
from stages.runtime.params import StrictModel, did_you_mean, leaves, read_all

SWEEPS, RESULTS = Path("docs/experiments/sweeps"), Path("docs/experiments/results")

Value = bool | int | float | str | None | list[int]


class Row(StrictModel):
    """The parameters that one row sets, and what that means."""

    about: str
    set: dict[str, Value] = Field(default_factory=dict)


class Sweep(StrictModel):
    """The content of docs/experiments/sweeps/NAME.yaml."""

    title: str
    text: str
    stage: Literal["train"] | None
    recipe: str | None = None
    seeds: Annotated[list[int], Field(min_length=1)]
    set: dict[str, Value] = Field(default_factory=dict)
    rows: dict[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")], Row]


class Experiment(StrictModel):
    """One run: a row with one seed."""

    row: str
    seed: int
    set: dict[str, Value]
    # train: metrics/train.json; if the stage is null, validation and test too: data/predictions/*.json.
    metrics: dict[str, dict[str, Any]] = Field(default_factory=dict)
    seconds: float | None = None  # of training


def read_sweep(name: str) -> Sweep:
    """The sweep of this name; raises UserError if there is none, or it is not valid."""
    path = SWEEPS / f"{name}.yaml"
    if not path.exists():
        raise UserError(
            f"{path} is missing; {did_you_mean(name, sorted(file.stem for file in SWEEPS.glob('*.yaml')))}"
        )
    try:
        sweep = Sweep.model_validate(read_all(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if sweep.recipe is not None and sweep.recipe not in names():
        raise UserError(f"{path}: there is no recipe {sweep.recipe}; {did_you_mean(sweep.recipe, names())}")
    return sweep


def experiments(sweep: Sweep) -> Iterator[Experiment]:
    """All experiments of a sweep, row by row."""
    first = dict(leaves(read_all(RECIPES / f"{sweep.recipe}.yaml"))) if sweep.recipe else {}
    for name, row in sweep.rows.items():
        for seed in sweep.seeds:
            yield Experiment(row=name, seed=seed, set={**first, **sweep.set, **row.set, "train.seed": seed})


def up_to_date(name: str, sweep: Sweep) -> list[Experiment]:
    """The results that were made with the settings that the sweep has now, in its order."""
    done = {(entry.row, entry.seed): entry for entry in results(name)}
    wanted = [(done.get((entry.row, entry.seed)), entry.set) for entry in experiments(sweep)]
    return [entry for entry, settings in wanted if entry is not None and entry.set == settings]


def results(name: str) -> list[Experiment]:
    """The results in docs/experiments/results/NAME.json."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return []
    return TypeAdapter(list[Experiment]).validate_python(read_json(path)["experiments"])


def missing_experiments(name: str, sweep: Sweep) -> Iterator[Experiment]:
    """The experiments of the sweep without results, or with results of other settings."""
    done = {(entry.row, entry.seed) for entry in up_to_date(name, sweep)}
    for experiment in experiments(sweep):
        if (experiment.row, experiment.seed) not in done:
            yield experiment


def experiment_name(sweep: str, experiment: Experiment) -> str:
    """The name of an experiment in DVC."""
    return f"{sweep}-{experiment.row}-{experiment.seed}"


def options(values: Mapping[str, Value]) -> list[str]:
    """The options of `dvc exp run` for these parameters."""
    shown = ((key, value if isinstance(value, str) else json.dumps(value)) for key, value in values.items())
    return [part for key, value in shown for part in ("-S", f"{key}={value}".replace(" ", ""))]


def save(name: str, sweep: Sweep, experiment: Experiment) -> None:
    """Put the results of one experiment into docs/experiments/results/NAME.json, and print its error rate."""
    place = {(entry.row, entry.seed): number for number, entry in enumerate(experiments(sweep))}
    others = [entry for entry in results(name) if (entry.row, entry.seed) != (experiment.row, experiment.seed)]
    entries = sorted(
        (entry for entry in [*others, experiment] if (entry.row, entry.seed) in place),
        key=lambda entry: place[entry.row, entry.seed],
    )
    write_json(RESULTS / f"{name}.json", {"experiments": [entry.model_dump() for entry in entries]})
    accuracy = experiment.metrics["train"].get("val_accuracy")  # there may be no validation images
    shown = "" if accuracy is None else f": validation error {1 - accuracy:.2%}"
    print(f"{experiment_name(name, experiment)}{shown}", flush=True)  # noqa: T201
