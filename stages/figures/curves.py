"""The learning curves: loss and accuracy over the iterations."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from nn.augmentation import DeformationRanges
from stages.figures.style import BATCHES, TRAINING, VALIDATION, chart
from stages.formats.tables import read_columns
from stages.runtime.paths import PLOTS
from stages.settings.plot import Plot
from stages.settings.train import BatchSettings

NOT_VALIDATED = "no validation images: preprocess.validation_size is 0"


def loss_curve(params: Plot, batches: BatchSettings, *, validated: bool) -> Figure:
    """The loss of the batches and its moving average; that of training and validation images as they are."""
    steps, losses = read_columns(PLOTS / "training.csv", ("step", "loss"), at_least=1)
    columns = ("step", "train_loss", "loss") if validated else ("step", "train_loss")
    validation_steps, train_losses, *val_losses = read_columns(PLOTS / "validation.csv", columns, at_least=1)
    figure, axes = chart("iteration", "cross-entropy (nats)")
    width = min(params.smoothing, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    centers = steps[width // 2 :][: len(smooth)]
    axes.plot(steps, losses, color=BATCHES, linewidth=0.6, alpha=0.35)
    axes.plot(centers, smooth, color=BATCHES, label=f"batches{describe(batches)}, mean of {width}")
    axes.plot(validation_steps, train_losses, color=TRAINING, marker=".", label="training images")
    for values in val_losses:
        axes.plot(validation_steps, values, color=VALIDATION, marker=".", label="validation images")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("Loss" if validated else f"Loss ({NOT_VALIDATED})")
    axes.legend(frameon=False)
    return figure


def describe(batches: BatchSettings) -> str:
    """How the batches differ from the images of the data set, in brackets."""
    deformed = DeformationRanges(**batches.augment.model_dump()).enabled
    words = [word for word, there in (("deformed", deformed), ("smoothed", batches.label_smoothing)) if there]
    return f" ({', '.join(words)})" if words else ""


def accuracy_curve(*, validated: bool) -> Figure:
    """The accuracy on training and validation images as they are."""
    columns = ("step", "train_accuracy", "accuracy") if validated else ("step", "train_accuracy")
    steps, train_accuracies, *val_accuracies = read_columns(PLOTS / "validation.csv", columns, at_least=1)
    figure, axes = chart("iteration", "accuracy (%)")
    axes.plot(steps, 100 * np.array(train_accuracies), color=TRAINING, marker=".", label="training images")
    axes.set_title(f"Accuracy ({NOT_VALIDATED})")
    for values in val_accuracies:
        axes.plot(steps, 100 * np.array(values), color=VALIDATION, marker=".", label="validation images")
        axes.set_title(f"Accuracy: {values[-1]:.2%} of the validation images at the end")
    axes.legend(frameon=False, loc="lower right")
    return figure
