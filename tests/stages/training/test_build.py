"""What params.yaml may name is what the code can build, and what a model file can say."""

import re
from contextlib import suppress
from typing import Literal, get_args, get_origin

import numpy as np
import pytest

from digits.normalization import Normalization
from nn.mlp import ACTIVATIONS, INITIALIZATIONS, NORMALIZATIONS, mlp
from nn.network import Network
from nn.parallel import WorkerPool
from nn.regularization import Dropout
from stages.exporting.onnx_file import Graph, add_layer
from stages.runtime.errors import UserError
from stages.runtime.params import read_all, validate
from stages.settings.train import Train
from stages.training.build import (
    check_against_data,
    make_network,
    make_optimizer,
    make_schedule,
    make_trainer,
    summary,
)
from tests import ROOT
from tests.nn.test_layers import FORMULAS, LAYERS
from tests.nn.test_optimizers import FORMULAS as OPTIMIZERS
from tests.stages.descriptions import description
from tests.stages.documented import documented

SECTIONS = read_all(ROOT / "recipes/quick.yaml")["train"] | {  # type: ignore[operator]
    "blas_kernel": "haswell",
    "log_every": None,
    "validate_every": None,
}


DATASET = description(Normalization(mean=0.1, standard_deviation=0.5))


def trainer_of(params, images):
    """The trainer that these parameters make for so many images."""
    arrays = np.zeros((images, 784), np.float32), np.zeros(images, np.uint8)
    with WorkerPool(1) as pool:
        return make_trainer(params, make_network(params, 10), *arrays, dataset=DATASET, pool=pool)


def choices(key):
    """The names that params.yaml allows for a key of the section train."""
    annotation = Train.model_fields[key].annotation
    literals = [part for part in (annotation, *get_args(annotation)) if get_origin(part) is Literal]
    found = {name for part in literals for name in get_args(part)}
    assert found, key
    return found


def keys(path, pattern):
    """The names that stand in a file, as this pattern finds them."""
    return set(re.findall(pattern, (ROOT / path).read_text("utf-8"), re.MULTILINE))


def require(name, places):
    """Fail with the places where something is missing."""
    if missing := [place for place, names in places.items() if name not in names]:
        pytest.fail("\n    ".join([f"{getattr(name, '__name__', name)} is missing in", *missing]), pytrace=False)


NAMED = {  # where activations and nothing else are named
    "nn/mlp.py: ACTIVATIONS": set(ACTIVATIONS),
    "nn/mlp.py: INITIALIZATIONS": set(INITIALIZATIONS),
    "stages/settings/train.py: activation": choices("activation"),
    "params.yaml: the comment of activation": set(documented()["train.activation"].right),
    "stages/exporting/network.js: ACTIVATIONS": keys("stages/exporting/network.js", r"^  (\w+): (?:\(x\) =>|M)"),
}


def in_onnx(layer):
    """Whether the ONNX file can have this layer."""
    try:
        add_layer(Graph(), layer, "0", "x")
    except KeyError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(set().union(*NAMED.values())))
def test_every_activation_is_known_wherever_it_has_to_be(name):
    others = {
        "stages/exporting/onnx_file.py: add_layer": {one for one, kind in ACTIVATIONS.items() if in_onnx(kind())},
        "docs/use-the-model.md: kinds": keys("docs/use-the-model.md", r'^    "(\w+)": lambda layer:'),
        "tests/nn/test_layers.py: LAYERS": LAYERS,
        "tests/nn/test_layers.py: FORMULAS": FORMULAS,
    }
    require(name, {**NAMED, **others})


def test_every_normalization_that_params_may_name_can_be_built():
    assert choices("normalization") == set(NORMALIZATIONS)


NAMES = {
    "stages/settings/train.py: optimizer": choices("optimizer"),
    "params.yaml: the comment of optimizer": set(documented()["train.optimizer"].right),
}
OPTIONS = {"momentum": 0.7, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weight_decay": 0.03}


def optimizer_of(name, **settings):
    """The optimizer of that name; None where `make_optimizer` does not know it."""
    params = validate("train", {"train": SECTIONS | OPTIONS | settings | {"optimizer": name}}, Train)
    with suppress(KeyError):
        return make_optimizer(params, Network(mlp([4, 3, 2]), 4, 5))


@pytest.mark.parametrize("name", sorted(set().union(*NAMES.values())))
def test_every_optimizer_that_params_may_name_can_be_built_and_is_tested(name):
    require(name, NAMES)
    optimizer = optimizer_of(name)
    require(name, {"stages/training/build.py: make_optimizer": [name] if optimizer else []})
    require(name, {"tests/nn/test_optimizers.py: FORMULAS": [name] if type(optimizer) in OPTIMIZERS else []})
    attributes = {"decay": "beta2"}  # of RMSprop
    for attribute in {*OPTIONS, "decay"} & vars(optimizer).keys():
        assert getattr(optimizer, attribute) == OPTIONS[attributes.get(attribute, attribute)]


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_has_a_name_in_params(kind):
    kinds = {type(optimizer_of(name, momentum=value)) for name in choices("optimizer") for value in (0.0, 0.7)}
    require(kind, dict.fromkeys([*NAMES, "stages/training/build.py: make_optimizer"], kinds))


@pytest.mark.parametrize("name", sorted(choices("schedule")))
def test_every_schedule_that_params_may_name_can_be_built(name):
    params = validate("train", {"train": SECTIONS | {"schedule": name}}, Train)
    assert 0 <= make_schedule(params, 1000, 100)(0.5) <= 1


def test_the_trainer_has_what_the_parameters_say():
    settings = {
        "clip_norm": 0.7,
        "label_smoothing": 0.2,
        "ema_decay": 0.9,
        "hard_fraction": 0.25,
        "hard_repeats": 3,
    }
    params = validate("train", {"train": SECTIONS | settings | {"hidden": [8], "batch_size": 10}}, Train)
    trainer = trainer_of(params, 40)
    assert trainer.clip_norm == 0.7
    assert trainer.loss.smoothed_one_hot[3, 5] == np.float32(0.02)
    assert trainer.average is not None
    assert trainer.average.decay == 0.9
    assert trainer.hard_examples is not None
    assert (trainer.hard_examples.n_hard, trainer.hard_examples.repeats) == (10, 3)
    assert trainer.loader.deformation is not None
    assert trainer.loader.deformation.ranges.rotation == params.augment.rotation


def test_the_network_and_its_deformation_are_those_of_the_parameters():
    settings = {
        "hidden": [8],
        "batch_size": 10,
        "shards": 3,
        "input_dropout": 0.1,
        "dropout": 0.2,
        "ema_decay": 0.9,
    }
    params = validate("train", {"train": SECTIONS | settings}, Train)
    trainer = trainer_of(params, 40)
    network = trainer.network
    assert network.shards == 3
    assert [layer.rate for layer in network.layers if isinstance(layer, Dropout)] == [0.1, 0.2]
    assert trainer.average is not None
    assert len(trainer.average.average) == len(network.state) > len(network.params)
    assert trainer.loader.deformation is not None
    assert (trainer.loader.deformation.background, trainer.loader.deformation.ink) == (
        DATASET.background,
        DATASET.ink,
    )


@pytest.mark.parametrize(("warmup", "first"), [(1, 1 / 10), (4, 1 / 40), (5, 1 / 50), (1000, 1 / 50)])
def test_the_warm_up_takes_half_of_the_run_at_most(warmup, first):
    params = validate("train", {"train": SECTIONS | {"warmup": warmup}}, Train)
    assert make_schedule(params, 100, 10)(0) == pytest.approx(first)  # 10 epochs of 10 steps


@pytest.mark.parametrize(("fraction", "repeats"), [(0.15, 3), (0.5, 2), (0.34, 2), (0.01, 3)])
def test_hard_images_are_shown_no_more_often_than_an_epoch_has_room_for(fraction, repeats):
    params = validate("train", {"train": SECTIONS | {"hard_fraction": fraction, "hidden": [8]}}, Train)
    hard_examples = trainer_of(params, 1000).hard_examples
    assert hard_examples is not None
    assert hard_examples.repeats == repeats


def test_a_fraction_that_makes_no_image_hard_has_no_effect():
    params = validate("train", {"train": SECTIONS | {"hard_fraction": 0.01, "hidden": [8]}}, Train)
    assert trainer_of(params, 99).hard_examples is None


def test_what_so_many_images_cannot_give_is_refused():
    params = validate("train", {"train": SECTIONS | {"batch_size": 40, "early_stopping_patience": 3}}, Train)
    check_against_data(params, 40, 1)
    with pytest.raises(UserError, match="batch_size is 40: should be at most the number of training images, 39"):
        check_against_data(params, 39, 1)
    with pytest.raises(UserError, match="early_stopping_patience is 3: should be null, for there are no"):
        check_against_data(params, 40, 0)


@pytest.mark.parametrize(
    ("iterations", "text"),
    [
        (None, "784-16-8-10: 12,786 parameters, 1,000 training images, 360 steps, 10 an epoch"),
        (25, "784-16-8-10: 12,786 parameters, 1,000 training images, 25 steps, 10 an epoch"),
    ],
)
def test_what_is_about_to_be_trained_is_a_line(iterations, text):
    settings = {"hidden": [16, 8], "normalization": None, "batch_size": 100, "iterations": iterations}
    params = validate("train", {"train": SECTIONS | settings}, Train)
    network = make_network(params, 10)
    assert summary(params, network, images=1000, steps=iterations or 360, epoch_steps=10) == text
