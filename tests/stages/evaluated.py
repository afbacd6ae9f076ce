"""A project of random images and a random network in which the stage evaluate has run."""

import shutil

import numpy as np

from digits.normalization import Normalization
from nn.mlp import mlp
from nn.network import Network
from stages import evaluate
from stages.formats import arrays
from stages.formats.datasets import DATASETS, DatasetName
from stages.formats.model import write_model
from tests import ROOT
from tests.stages.descriptions import description


def run_evaluate(folder, sizes, dataset: DatasetName = "mnist", layers=None):
    """Make the project in this folder, which is the current one, with so many images of each split."""
    rng = np.random.default_rng(0)
    shutil.copy(ROOT / "params.yaml", folder)
    normalization = Normalization(mean=0.5, standard_deviation=0.3)
    for split, n in sizes.items():
        pixels = rng.random((n, 784), np.float32)
        arrays.write(split, normalization.normalized(pixels), rng.integers(10, size=n, dtype=np.uint8))
    classes = list(DATASETS[dataset].classes)
    described = description(normalization, sizes).model_copy(update={"dataset": dataset, "classes": classes})
    arrays.write_description(described)
    network = Network(layers or mlp([784, 8, 10]), 784, rows=1, trains=False)
    network.initialize(rng)
    write_model(network, described)
    evaluate.main()
