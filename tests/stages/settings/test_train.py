from typing import cast

import pytest

from stages.runtime.errors import UserError
from stages.runtime.params import read_all, validate
from stages.settings.train import Train
from tests import ROOT

PARAMS = dict(cast("dict[str, object]", read_all(ROOT / "params.yaml")["train"])) | {
    "epochs": 3,
    "iterations": None,
    "hidden": [16],
    "shards": None,
    "warmup": 0,
    "batch_size": 100,
    "normalization": None,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "weight_decay": 0.0,
}
AUGMENT = cast("dict[str, object]", PARAMS["augment"])


NUMBERS = [key for key, value in PARAMS.items() if isinstance(value, int | float)]
NULLABLE = ("iterations", "shards", "clip_norm", "early_stopping_patience", "log_every", "validate_every")


@pytest.mark.parametrize("key", [*NUMBERS, *NULLABLE])
@pytest.mark.parametrize("value", [10**8 + 2**32, -(10**24), 10**400, float("inf")])
def test_a_number_far_out_of_range_is_a_short_line_in_every_key(key, value):
    with pytest.raises(UserError, match=rf"^params\.yaml: train\.{key} is .{{1,60}}: input should be .{{1,80}}$"):
        validate("train", {"train": PARAMS | {key: value}}, Train)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": None}, "train.epochs is null: input should be a valid integer"),
        ({"iterations": 0}, "train.iterations is 0: input should be greater than or equal to 1, or null"),
        ({"normalization": "z"}, "train.normalization is \"z\": input should be 'batch' or 'layer', or null"),
        ({"epochs": 0}, "train.epochs is 0: input should be greater than or equal to 1"),
        ({"hidden": [16, 0]}, "train.hidden.1 is 0: input should be greater than or equal to 1"),
        ({"hidden": 16}, "train.hidden is 16: input should be a valid list"),
        ({"activation": "Relu"}, "train.activation is \"Relu\": input should be 'relu'"),
        (
            {"optimizer": "adamax"},
            "train.optimizer is \"adamax\": input should be 'sgd'",
        ),
        ({"dropout": 1.0}, "train.dropout is 1.0: input should be less than or equal to 0.9"),
        ({"hidden": [8] * 9}, "should have at most 8 items"),
        ({"hidden": [0] * 4000}, r"train.hidden is \[(0, ){18}0,\.\.\.: list should have at most 8 items"),
        ({"hard_fraction": 0.51}, "train.hard_fraction is 0.51: input should be less than or equal to 0.5"),
        ({"batch_size": 1}, "train.batch_size is 1: input should be greater than or equal to 2"),
        ({"hard_repeats": 1}, "train.hard_repeats is 1: input should be greater than or equal to 2"),
        ({"shards": 0}, "train.shards is 0: input should be greater than or equal to 1"),
        ({"clip_norm": 0}, "train.clip_norm is 0: input should be greater than or equal to 0.001, or null"),
        ({"ema_decay": 1}, "train.ema_decay is 1: input should be less than or equal to 0.9999"),
        (
            {"early_stopping_patience": 0},
            "train.early_stopping_patience is 0: input should be greater than or equal to 1",
        ),
        ({"momentum": 1.0}, "train.momentum is 1.0: input should be less than or equal to 0.999"),
        (
            {"learning_rate": -0.1},
            "train.learning_rate is -0.1: input should be greater than or equal",
        ),
        ({"augment": AUGMENT | {"shift": -1}}, "train.augment.shift is -1: input should be greater than or equal"),
        (
            {"augment": AUGMENT | {"rotations": 3}},
            r"train.augment.rotations is no known key; did you mean rotation\?",
        ),
        ({"augment": None}, "train.augment is null: input should be a valid dictionary"),
        ({"seed": -1}, "train.seed is -1: input should be greater than or equal to 0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        validate("train", {"train": PARAMS | change}, Train)
