"""Plot: draw the pictures.

Run as `python -m stages.plot`. Reads the csv files of train and evaluate, the predictions, the model, the test
arrays and some training images; writes plots/*.png.
"""

import numpy as np

from nn.layers import Dense
from stages.figures.confusion import confusion_matrix
from stages.figures.curves import accuracy_curve, loss_curve
from stages.figures.images import augmented, first_layer, first_of_each_class, misclassified
from stages.figures.reliability import reliability
from stages.figures.robustness import robustness
from stages.figures.style import ALL_COLORS, GRAYS, save, set_style
from stages.formats import arrays
from stages.formats.model import read_model
from stages.runtime.atomic import all_or_none
from stages.runtime.params import read_all, validate
from stages.runtime.stage import run_stage
from stages.settings.plot import Plot
from stages.settings.train import BatchSettings


def main() -> None:
    """The stage: tables, predictions, model and arrays in; eight pictures out."""
    sections = read_all()
    params = validate("plot", sections, Plot)
    training = validate("train", sections, BatchSettings)
    dataset = arrays.read_description()
    classes = dataset.classes
    images, labels = arrays.read("test", len(classes))
    probabilities = arrays.read_predictions("test", len(labels), len(classes))
    samples = first_of_each_class(*arrays.read("train", len(classes)))
    network, _ = read_model(rows=1)
    first = next(layer for layer in network.layers if isinstance(layer, Dense))
    pixels = np.clip(dataset.normalization.pixels(images), 0, 1)

    set_style()
    width = params.width
    with all_or_none():
        validated = dataset.images["validation"] > 0
        save(loss_curve(params, training, validated=validated), "loss_curve", width)
        save(accuracy_curve(validated=validated), "accuracy_curve", width)
        save(confusion_matrix(classes), "confusion_matrix", width, ALL_COLORS)
        errors = misclassified(pixels, labels, probabilities, classes, params.misclassified)
        save(errors, "misclassified", width, GRAYS)
        save(augmented(samples, training, dataset), "augmented", width, GRAYS)
        save(first_layer(first.W, params.first_layer, width), "first_layer", width)
        save(reliability(), "reliability", width)
        save(robustness(pixels[0]), "robustness", width)


if __name__ == "__main__":
    run_stage("plot", main)
