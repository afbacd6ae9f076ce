"""Evaluate: how well the trained network reads the validation images and, here alone, the test images.

Run as `python -m stages.evaluate`. Writes metrics/validation.json, metrics/test.json, plots/confusion.csv and
plots/per_class.csv (of the test images) and data/predictions.
"""

from math import isfinite
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nn.losses import cross_entropy, softmax
from nn.prediction import predict
from nn.threads import Team
from stages import arrays
from stages.cores import number_of_threads
from stages.errors import UserError
from stages.files import together, write_json
from stages.identity import stage
from stages.model import read_model
from stages.params import Integer, Section, read_section
from stages.tables import write_table

PREDICTIONS = Path("data/predictions")
METRICS = Path("metrics")
CONFUSION = Path("plots/confusion.csv")
CONFUSION_COLUMNS = ("actual", "predicted", "count", "share")
PER_CLASS = Path("plots/per_class.csv")
PER_CLASS_COLUMNS = ("class", "precision", "recall", "f1")

NORMAL_QUANTILE = 1.959963984540054  # 97.5 %: two-sided intervals of 95 %

Counts = NDArray[np.int64]


class Evaluate(Section):
    """The section `evaluate` of params.yaml."""

    batch_size: Annotated[Integer, Field(ge=1, le=1_000_000)]


def main() -> None:
    """The stage: model and prepared arrays in; metrics, tables and predictions out."""
    params = read_section("evaluate", Evaluate)
    prepared = arrays.read_description()
    largest = max(prepared.images.values())
    network, description = read_model(min(params.batch_size, largest))
    wanted, found = (prepared.normalization, prepared.classes), (description.normalization, description.classes)
    if wanted != found:
        raise UserError(
            "data/model was trained on other arrays than data/prepared holds: "
            "normalization or classes differ; `dvc repro` makes both anew"
        )

    threads = number_of_threads(network.parts)
    parts: tuple[arrays.Part, ...] = ("validation", "test")
    data = {part: arrays.read(part, len(prepared.classes)) for part in parts}  # all, before anything is written
    with together(), Team(threads) as team:
        for part, (images, labels) in data.items():
            logits = predict(network, images, team)
            loss = cross_entropy(logits, labels) if len(labels) else None
            if loss is not None and not isfinite(loss):
                raise UserError(f"the loss on the {part} images is {loss}: the model is of no use; train it anew")
            probabilities = softmax(logits)
            confusion = confusion_counts(labels, probabilities.argmax(axis=1), len(prepared.classes))
            arrays.save(PREDICTIONS / f"{part}.npy", probabilities)
            write_json(METRICS / f"{part}.json", summary(confusion, loss))
        # Of the test images, which came last.
        write_table(CONFUSION, CONFUSION_COLUMNS, confusion_rows(confusion, prepared.classes))
        write_table(PER_CLASS, PER_CLASS_COLUMNS, per_class_rows(confusion, prepared.classes))


def confusion_counts(actual: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> Counts:
    """How often class i was read as class j, (classes, classes): rows are what it was, columns what was read."""
    pairs = actual.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def summary(confusion: Counts, loss: float | None) -> dict[str, object]:
    """The figures of metrics/test.json; fractions between 0 and 1, the loss in nats, null where no image was read.

    precision, recall and f1 are lists, by class: `dvc metrics show` passes over them, so that its table fits
    the screen, and plots/per_class.csv shows them.
    """
    images, correct = int(confusion.sum()), int(np.trace(confusion))
    errors = images - correct
    low, high = wilson(errors, images) if images else (None, None)
    precision, recall, f1 = per_class(confusion) if images else (None, None, None)
    return {
        "accuracy": correct / images if images else None,
        "error_rate": errors / images if images else None,
        "error_rate_low": low,
        "error_rate_high": high,
        "errors": errors,
        "images": images,
        "loss": loss,
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def wilson(errors: int, images: int) -> tuple[float, float]:
    """The 95 % interval of an error rate, after E. B. Wilson, Probable Inference, 1927.

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), with p = errors / n and z = 1.96. Unlike
    p +- z sqrt(p (1 - p)/n) it holds for rates near 0 and never leaves 0 to 1.
    """
    p, n, z = errors / images, images, NORMAL_QUANTILE
    centre = p + z**2 / (2 * n)
    reach = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    scale = 1 + z**2 / n
    low, high = (centre - reach) / scale, (centre + reach) / scale
    return 0.0 if errors == 0 else low, 1.0 if errors == images else high  # exact, where rounding would miss it


def per_class(confusion: Counts) -> tuple[list[float], list[float], list[float]]:
    """Precision, recall and f1 of each class.

    precision = right / read as it; recall = right / those there are; f1 = 2 right / (read as it + those there
    are), their harmonic mean. 0 where nothing was read as the class, or none is there.
    """
    right, read_as, there = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    precision = right / np.maximum(read_as, 1)
    recall = right / np.maximum(there, 1)
    f1 = 2 * right / np.maximum(read_as + there, 1)
    return precision.tolist(), recall.tolist(), f1.tolist()


def per_class_rows(confusion: Counts, classes: list[str]) -> list[tuple[str, float, float, float]]:
    """A row a class: its name, precision, recall, f1."""
    return list(zip(classes, *per_class(confusion), strict=True))


def confusion_rows(confusion: Counts, classes: list[str]) -> list[tuple[str, str, int, float]]:
    """A row a cell: actual and predicted class, the count, and its share of the actual class."""
    there = np.maximum(confusion.sum(axis=1), 1)
    return [
        (classes[i], classes[j], int(confusion[i, j]), float(confusion[i, j] / there[i]))
        for i in range(len(classes))
        for j in range(len(classes))
    ]


if __name__ == "__main__":
    stage("evaluate", main)
