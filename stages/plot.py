"""Draw: the pictures that people look at.

Run as `python -m stages.plot`. Reads the curves, the tables of evaluate, the predictions, the model, the test
arrays and some training images; writes plots/*.png.
"""

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from nn.layers import Dense
from stages.figures.confusion import confusion_matrix
from stages.figures.curves import accuracy_curve, loss_curve
from stages.figures.images import augmented, first_layer, first_of_each_class, misclassified
from stages.figures.reliability import reliability, robustness
from stages.figures.style import (
    ALL_COLORS,
    GREYS,
    save,
    set_style,
)
from stages.formats import arrays
from stages.formats.model import read_model
from stages.runtime.atomic import all_or_none
from stages.runtime.edits import run_stage
from stages.runtime.errors import UserError
from stages.runtime.params import read_all, validate
from stages.runtime.paths import PREDICTIONS
from stages.settings.plot import Plot
from stages.settings.train import DeformationSettings

DEFORMATIONS = 12  # of each image, on the sheet that shows them
SHADES = mpl.colormaps["RdBu_r"].resampled(31)  # leaves room for the greys of the letters

Probabilities = NDArray[np.float32]


def main() -> None:
    """The stage: tables, predictions, model and arrays in; eight pictures out."""
    sections = read_all()
    params = validate("plot", sections, Plot)
    training = validate("train", sections, DeformationSettings)
    set_style()
    dataset = arrays.read_description()
    probabilities = read_probabilities("test", len(dataset.classes))
    images, labels = arrays.read("test", len(dataset.classes))
    if len(probabilities) != len(labels):
        raise UserError(
            f"{PREDICTIONS}/test.npy has {len(probabilities)} rows for {len(labels)} images; "
            "`dvc repro --force evaluate` makes it again"
        )
    network, _ = read_model(rows=1)
    first = next(layer for layer in network.layers if isinstance(layer, Dense))

    width = params.width
    pixels = np.clip(dataset.normalization.pixels(images), 0, 1)
    samples = first_of_each_class(*arrays.read("train", len(dataset.classes)))
    sheet = augmented(samples, training, dataset)
    mistakes = misclassified(pixels, labels, probabilities, dataset.classes, params.misclassified)
    with all_or_none():
        save(loss_curve(params), "loss_curve", width)
        save(accuracy_curve(), "accuracy_curve", width)
        save(confusion_matrix(dataset.classes), "confusion_matrix", width, ALL_COLORS)
        save(mistakes, "misclassified", width, GREYS)
        save(sheet, "augmented", width, GREYS)
        save(first_layer(first.W, params.first_layer, width), "first_layer", width)
        save(reliability(), "reliability", width)
        save(robustness(pixels[0]), "robustness", width)


def read_probabilities(part: str, classes: int) -> Probabilities:
    """The predictions for a part, (n, classes)."""
    path = PREDICTIONS / f"{part}.npy"
    probabilities = arrays.load(path)
    if probabilities.shape[1:] != (classes,) or probabilities.dtype != np.float32:
        raise UserError(
            f"{path} holds no probabilities of {classes} classes; `dvc repro --force evaluate` makes it again"
        )
    return np.asarray(probabilities)


if __name__ == "__main__":
    run_stage("plot", main)
