"""The options of training, from params.yaml to the model that evaluate reads."""

import csv
import hashlib

import pytest

from tests.pipeline.projects import refusal, succeeded

OPTIONS = {
    "everything at once": {
        "train.activation": "gelu",
        "train.normalization": "batch",
        "train.dropout": 0.1,
        "train.input_dropout": 0.05,
        "train.label_smoothing": 0.1,
        "train.optimizer": "adamw",
        "train.weight_decay": 0.05,
        "train.clip_norm": 1.0,
        "train.schedule": "one_cycle",
        "train.warmup": 1,
        "train.ema_decay": 0.9,
        "train.shards": 4,
        "train.augment.rotation": 5.0,
        "train.augment.shift": 0.5,
        "train.augment.elastic": 0.3,
        "train.augment.thickness": 0.3,
        "train.hard_fraction": 0.2,
    },
    "layer normalization and tanh": {"train.normalization": "layer", "train.activation": "tanh"},
    "lion": {"train.optimizer": "lion", "train.weight_decay": 0.001, "train.schedule": "constant"},
    "nesterov and leaky relu": {"train.optimizer": "nesterov", "train.activation": "leaky_relu"},
    "rmsprop and sigmoid": {"train.optimizer": "rmsprop", "train.activation": "sigmoid"},
    "no hidden layer": {"train.hidden": []},
}
LEARN = {"train.learning_rate": 0.002, "train.epochs": 20}


def model(workspace):
    return hashlib.sha256((workspace.path / "data/model/model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_network_of_any_kind_learns_and_is_evaluated(workspace, options):
    workspace.change({**LEARN, **options})
    succeeded(workspace.stage("train"))
    succeeded(workspace.stage("evaluate"))
    assert workspace.found("validation")["accuracy"] > 0.9
    # evaluate predicts in other shards than train, and so adds in another order.
    found, expected = workspace.found("validation")["loss"], workspace.found("train")["val_loss"]
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_number_of_threads_changes_no_byte(workspace):
    workspace.change(OPTIONS["everything at once"])
    workspace.change({"evaluate.views": 9})
    hashes = set()
    for threads in ("1", "2", "3", "8"):
        succeeded(workspace.stage("train", env={"NETWORK_THREADS": threads}))
        succeeded(workspace.stage("evaluate", env={"NETWORK_THREADS": threads}))
        hashes.add((model(workspace), *workspace.made().values()))
    assert len(hashes) == 1


def test_a_number_of_threads_that_is_none_is_refused(workspace):
    assert "NETWORK_THREADS is 'zero'" in refusal(workspace.stage("train", env={"NETWORK_THREADS": "zero"}))


def test_early_stopping_stops_and_keeps_the_best(workspace):
    workspace.change({"train.learning_rate": 0.05, "train.epochs": 50, "train.early_stopping_patience": 3})
    succeeded(workspace.stage("train"))
    with (workspace.path / "plots/validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["loss"]) for row in rows]
    best = rows[losses.index(min(losses))]
    assert rows.index(best) == len(rows) - 4
    found = workspace.found("train")  # all of the best step, none of the last
    assert found["val_loss"] == min(losses)
    assert found["val_accuracy"] == float(best["accuracy"])
    assert found["train_loss"] == float(best["train_loss"])
    assert found["epoch"] == int(best["epoch"])
    succeeded(workspace.stage("evaluate"))
    assert workspace.found("validation")["loss"] == pytest.approx(min(losses), rel=1e-4)


def test_early_stopping_needs_validation_images(workspace):
    workspace.change({"preprocess.validation_size": 0, "train.early_stopping_patience": 3})
    succeeded(workspace.stage("preprocess"))
    assert "train.early_stopping_patience is 3: should be null" in refusal(workspace.stage("train"))


def test_a_last_batch_too_short_for_its_shards_uses_fewer(workspace):
    short = {"train.normalization": "batch", "train.batch_size": 33, "train.shards": 4}  # 500 images: 5 are left
    workspace.change({**LEARN, **short})
    succeeded(workspace.stage("train"))
    assert workspace.found("train")["val_accuracy"] > 0.9


def test_a_single_row_that_batch_normalization_would_be_left_with_is_left_out(workspace):
    workspace.change({"train.normalization": "batch", "train.batch_size": 499})
    assert "3 steps, 1 an epoch" in succeeded(workspace.stage("train"))
    workspace.change({"train.normalization": None})
    assert "6 steps, 2 an epoch" in succeeded(workspace.stage("train"))


def test_iterations_count_instead_of_epochs_where_they_are_set(workspace):
    workspace.change({"train.iterations": 7})
    assert "7 steps, 10 an epoch" in succeeded(workspace.stage("train"))
    assert workspace.found("train")["epoch"] == 0.7
