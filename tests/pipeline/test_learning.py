"""Each optimizer and each activation learns the real digits, with the committed rate or as its comment says."""

import re
from itertools import zip_longest

import pytest

from tests import ROOT
from tests.pipeline.projects import Project, copy_checkout, succeeded
from tests.pipeline.test_train import bring_published
from tests.stages.documented import documented

PARAMS = (ROOT / "params.yaml").read_text("utf-8")
OPTIMIZERS, ACTIVATIONS = (documented()[f"train.{name}"].right for name in ("optimizer", "activation"))
CHOICES = list(zip_longest(OPTIMIZERS, ACTIVATIONS, fillvalue="relu"))  # each of them once
OWN_RATE = {"sgd": 0.1, "nesterov": 0.1, "sigmoid": 0.02}


@pytest.fixture(scope="module")
def published(tmp_path_factory, env) -> Project:
    """A project with a small network and the real digits, preprocessed."""
    project = Project(tmp_path_factory.mktemp("learning"), env)
    copy_checkout(project.path)
    bring_published(project)
    succeeded(project.stage("preprocess"))
    project.change({"train.hidden": [128], "train.epochs": 2})
    return project


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "activation"), CHOICES)
def test_it_classifies_90_of_100_digits_after_two_epochs_of_a_small_network(published, optimizer, activation):
    rate = OWN_RATE.get(optimizer, OWN_RATE.get(activation, 0.005))
    published.change({"train.optimizer": optimizer, "train.activation": activation, "train.learning_rate": rate})
    succeeded(published.stage("train"))
    assert published.found("train")["val_accuracy"] >= 0.9


@pytest.mark.parametrize("choice", OWN_RATE)
def test_a_choice_that_needs_another_learning_rate_says_so_in_the_comment(choice):
    (line,) = re.findall(rf"^  (?:optimizer|activation): .*\b{choice}\b.*$", PARAMS, re.MULTILINE)
    assert re.search(rf"; .*\b{choice}\b.* a learning_rate of {OWN_RATE[choice]}$", line)
