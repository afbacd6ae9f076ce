"""Evaluate: how well the trained network reads the validation images and, here alone, the test images.

Run as `python -m stages.evaluate`. Writes metrics/validation.json, metrics/test.json and data/predictions, and of
the test images plots/confusion.csv, plots/per_class.csv, plots/calibration.csv and plots/robustness.csv.
"""

from math import isfinite

import numpy as np

from nn.inference import predict
from nn.losses import cross_entropy, softmax
from nn.network import Network
from nn.parallel import WorkerPool, single_threaded_blas
from stages.evaluation.calibration import Bin, expected_calibration_error, reliability
from stages.evaluation.corruptions import CORRUPTIONS
from stages.evaluation.metrics import Counts, confusion_counts, error_rates, errors_by_half, per_class
from stages.evaluation.test_time_augmentation import MOVES, averaged
from stages.formats import arrays
from stages.formats.model import read_model
from stages.formats.tables import write_table
from stages.runtime.atomic import all_or_none, write_json
from stages.runtime.cores import thread_count
from stages.runtime.edits import run_stage
from stages.runtime.errors import UserError
from stages.runtime.params import read_section
from stages.runtime.paths import METRICS, PLOTS, PREDICTIONS
from stages.settings.evaluate import Evaluate

CONFUSION_COLUMNS = ("actual", "predicted", "count", "share")
PER_CLASS_COLUMNS = ("class", "precision", "recall", "f1")
CALIBRATION_COLUMNS = ("low", "high", "images", "correct", "confidence", "accuracy")
ROBUSTNESS_COLUMNS = ("corruption", "strength", "accuracy", "errors", "images")


def main() -> None:
    """The stage: model and preprocessed arrays in; metrics, tables and predictions out."""
    params = read_section("evaluate", Evaluate)
    dataset = arrays.read_description()
    classes = dataset.classes
    largest = max(dataset.images.values())
    network, description = read_model(min(params.batch_size, largest))
    wanted, found = (dataset.normalization, classes), (description.normalization, description.classes)
    if wanted != found:
        raise UserError(
            "data/model was trained on other arrays than data/preprocessed holds: "
            "normalization or classes differ; `dvc repro` makes both anew"
        )

    threads = thread_count(network.shards)
    parts: tuple[arrays.Split, ...] = ("validation", "test")
    data = {part: arrays.read(part, len(classes)) for part in parts}  # all, before anything is written
    with all_or_none(), np.errstate(all="ignore"), single_threaded_blas(), WorkerPool(threads) as pool:
        for part, (images, labels) in data.items():
            logits = predict(network, images, pool)
            loss = cross_entropy(logits, labels) if len(labels) else None
            if loss is not None and not isfinite(loss):
                raise UserError(f"the loss on the {part} images is {loss}: the model is of no use; train it anew")
            probabilities = softmax(logits)
            arrays.save(PREDICTIONS / f"{part}.npy", probabilities)
            bins = reliability(probabilities, labels)
            confusion = confusion_counts(labels, probabilities.argmax(axis=1), len(classes))
            figures: dict[str, object] = {
                **summary(confusion, loss),
                "calibration_error": expected_calibration_error(bins),
            }
            if part == "test":
                wrong = probabilities.argmax(axis=1) != labels
                # Which ones: so that two models can be compared image by image (McNemar's test).
                figures |= errors_by_half(wrong) | {"misclassified": np.flatnonzero(wrong).tolist()}
            if moves := MOVES[params.views]:
                seen = averaged(network, images, probabilities, moves, background=dataset.background, pool=pool)
                figures |= views_summary(seen, labels)
            write_json(METRICS / f"{part}.json", figures | by_class(confusion))

        # Of the test images, which came last.
        write_table(PLOTS / "confusion.csv", CONFUSION_COLUMNS, confusion_rows(confusion, classes))
        write_table(PLOTS / "per_class.csv", PER_CLASS_COLUMNS, per_class_rows(confusion, classes))
        write_table(PLOTS / "calibration.csv", CALIBRATION_COLUMNS, calibration_rows(bins))
        robustness = robustness_rows(network, images, labels, dataset.normalization, pool)
        write_table(PLOTS / "robustness.csv", ROBUSTNESS_COLUMNS, robustness)


def summary(confusion: Counts, loss: float | None) -> dict[str, float | int | None]:
    """The first figures of metrics/test.json: fractions between 0 and 1, the loss in nats, null without images."""
    images, correct = int(confusion.sum()), int(np.trace(confusion))
    return error_rates(images - correct, images) | {"images": images, "loss": loss}


def by_class(confusion: Counts) -> dict[str, list[float] | None]:
    """The last: precision, recall and f1, lists by class.

    DVC's tables of metrics pass over lists; plots/per_class.csv shows them.
    """
    lists = per_class(confusion) if confusion.any() else (None, None, None)
    return dict(zip(("precision", "recall", "f1"), lists, strict=True))


def views_summary(probabilities: arrays.Images, labels: arrays.Labels) -> dict[str, float | int | None]:
    """The same of probabilities that are averages over several views, as views_accuracy and so on."""
    errors, images = int((probabilities.argmax(axis=1) != labels).sum()), len(labels)
    # Normalized by softmax, log p gives p again; an average may have underflowed to 0.
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    loss = cross_entropy(logits, labels) if images else None
    return {f"views_{name}": figure for name, figure in (error_rates(errors, images) | {"loss": loss}).items()}


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


def calibration_rows(bins: list[Bin]) -> list[tuple[float, float, int, int, float, float]]:
    """A row a bin that is not empty: between which probabilities, how many, how many right, both shares."""
    return [(part.low, part.high, part.images, part.right, part.confidence, part.accuracy) for part in bins]


def robustness_rows(
    network: Network,
    images: arrays.Images,
    labels: arrays.Labels,
    normalization: arrays.Normalization,
    pool: WorkerPool,
) -> list[tuple[str, float, float, int, int]]:
    """A row a disturbance and strength: how well the images are read after it."""
    rows: list[tuple[str, float, float, int, int]] = []
    pixels = np.clip(normalization.pixels(images), 0, 1)
    for name, corruption in CORRUPTIONS.items():
        for strength in corruption.strengths:
            disturbed = corruption.apply(pixels, strength) if strength else pixels
            logits = predict(network, normalization.normalized(disturbed), pool)
            errors = int((logits.argmax(axis=1) != labels).sum())
            rows.append((name, strength, (len(labels) - errors) / len(labels), errors, len(labels)))
    return rows


if __name__ == "__main__":
    run_stage("evaluate", main)
