"""The learning curves: loss and accuracy over the iterations."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from stages.figures.style import MUTED, TRAINING, VALIDATION, chart
from stages.formats.tables import read_columns
from stages.runtime.paths import PLOTS
from stages.settings.plot import Plot


def loss_curve(params: Plot) -> Figure:
    """Training loss of the batches, its moving average, and validation loss, over the iterations."""
    steps, losses = read_columns(PLOTS / "training.csv", ("step", "loss"), at_least=1)
    validation_steps, validation_losses = read_columns(PLOTS / "validation.csv", ("step", "loss"))
    figure, axes = chart("iteration", "cross-entropy (nats)")
    width = min(params.smoothing, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    centers = steps[width // 2 :][: len(smooth)]
    axes.plot(steps, losses, color=MUTED, linewidth=0.6, label="training, each logged batch")
    axes.plot(centers, smooth, color=TRAINING, label=f"training, moving average over {width} rows")
    if validation_steps:
        axes.plot(validation_steps, validation_losses, color=VALIDATION, marker=".", label="validation")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("Loss" if validation_steps else "Loss (no validation images: preprocess.validation_size is 0)")
    axes.legend(frameon=False)
    return figure


def accuracy_curve() -> Figure:
    """Validation accuracy over the iterations."""
    steps, accuracies = read_columns(PLOTS / "validation.csv", ("step", "accuracy"))
    figure, axes = chart("iteration", "accuracy (%)")
    if not steps:
        axes.set_title("No validation images: preprocess.validation_size is 0")
        return figure
    axes.plot(steps, 100 * np.array(accuracies), color=VALIDATION, marker=".")
    axes.set_title(f"Accuracy on the validation images: {accuracies[-1]:.2%} at the end")
    return figure
