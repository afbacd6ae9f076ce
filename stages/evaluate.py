"""Evaluate: classify the validation images and, in this stage alone, the test images with the trained network.

Run as `python -m stages.evaluate`. Writes metrics/test.json; data/predictions, which holds for each of the two the
probabilities and a json file of everything that was counted; and four tables of the test images:
plots/confusion.csv, plots/per_class.csv, plots/calibration.csv and plots/robustness.csv.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from digits.normalization import Normalization
from nn.inference import predict
from nn.losses import cross_entropy, softmax
from nn.network import Network
from nn.parallel import WorkerPool, single_threaded_blas
from stages.evaluation import metrics
from stages.evaluation.corruptions import CORRUPTIONS
from stages.evaluation.test_time_augmentation import SHIFTS, predict_averaged
from stages.formats import arrays
from stages.formats.model import read_model
from stages.formats.tables import write_table
from stages.runtime.atomic import all_or_none, write_json
from stages.runtime.cores import thread_count
from stages.runtime.environment import say_other_kernel
from stages.runtime.errors import UserError
from stages.runtime.params import read_section
from stages.runtime.paths import METRICS, PLOTS, PREDICTIONS
from stages.runtime.stage import run_stage
from stages.settings.evaluate import Evaluate, Views

CONFUSION_COLUMNS = ("actual", "predicted", "count", "share")
PER_CLASS_COLUMNS = ("class", "precision", "recall", "f1")
ROBUSTNESS_COLUMNS = ("corruption", "strength", "accuracy", "errors", "images")


def main() -> None:
    """The stage: model and preprocessed arrays in; metrics, predictions and tables out."""
    params = read_section("evaluate", Evaluate)
    dataset = arrays.read_description()
    classes = dataset.classes
    network, trained_on = read_model(min(params.batch_size, max(dataset.images.values())))
    if (trained_on.normalization, trained_on.classes) != (dataset.normalization, classes):
        raise UserError(
            "data/model was trained on other arrays than those in data/preprocessed: "
            "normalization or classes differ; `dvc repro` makes both again"
        )
    say_other_kernel()
    threads = thread_count(network.shards)
    # A loss that is not finite is refused below; NumPy need not warn of it.
    with all_or_none(), np.errstate(all="ignore"), single_threaded_blas(), WorkerPool(threads) as pool:
        evaluate_split("validation", network, dataset, params.views, pool)
        test = evaluate_split("test", network, dataset, params.views, pool)
        write_json(METRICS / "test.json", {key: test.found[key] for key in ("accuracy", "errors", "loss")})
        per_class = zip(classes, *metrics.per_class(test.confusion), strict=True)
        robustness = robustness_rows(test, network, dataset.normalization, pool)
        write_table(PLOTS / "confusion.csv", CONFUSION_COLUMNS, confusion_rows(test.confusion, classes))
        write_table(PLOTS / "per_class.csv", PER_CLASS_COLUMNS, per_class)
        write_table(PLOTS / "calibration.csv", metrics.Bin._fields, test.bins)
        write_table(PLOTS / "robustness.csv", ROBUSTNESS_COLUMNS, robustness)


@dataclass(frozen=True)
class Evaluated:
    """A split of the data set, and what was found on it."""

    images: arrays.Images
    labels: arrays.Labels
    confusion: metrics.Counts
    bins: list[metrics.Bin]
    found: dict[str, object]


def evaluate_split(
    split: arrays.Split, network: Network, dataset: arrays.DatasetDescription, views: Views, pool: WorkerPool
) -> Evaluated:
    """Classify the images of a split; write its predictions and all that was found, and return what else needs it.

    Rates are fractions between 0 and 1, the loss is in nats; without images they are null.
    """
    images, labels = arrays.read(split, len(dataset.classes))
    logits = predict(network, images, pool)
    loss = cross_entropy(logits, labels) if len(labels) else None
    if loss is not None and not isfinite(loss):
        raise UserError(f"the loss on the {split} images is {loss}; train again with a lower learning_rate")
    probabilities = softmax(logits)
    arrays.save(PREDICTIONS / f"{split}.npy", probabilities)

    predicted = probabilities.argmax(axis=1)
    wrong = predicted != labels
    confusion = metrics.confusion_matrix(labels, predicted, len(dataset.classes))
    bins = metrics.reliability_bins(probabilities, labels)
    found: dict[str, object] = {
        **metrics.error_rates(int(wrong.sum()), len(labels)),
        "images": len(labels),
        "loss": loss,
        "calibration_error": metrics.expected_calibration_error(bins),
    }
    if split == "test":
        found |= metrics.errors_by_half(wrong)
    if shifts := SHIFTS[views]:
        averaged = predict_averaged(network, images, probabilities, shifts, fill=dataset.background, pool=pool)
        found |= views_metrics(averaged, labels)
    per_class = metrics.per_class(confusion) if len(labels) else (None, None, None)
    found |= zip(("precision", "recall", "f1"), per_class, strict=True)
    found["images_per_class"] = confusion.sum(axis=1).tolist()
    # Which ones: so that two models can be compared image by image (McNemar's test).
    found["misclassified"] = np.flatnonzero(wrong).tolist()
    write_json(PREDICTIONS / f"{split}.json", found)
    return Evaluated(images, labels, confusion, bins, found)


def views_metrics(probabilities: arrays.Probabilities, labels: arrays.Labels) -> dict[str, float | int | None]:
    """Error rates and loss of probabilities averaged over several views: views_accuracy and so on."""
    errors, images = int((probabilities.argmax(axis=1) != labels).sum()), len(labels)
    # Normalized by softmax, log p gives p again; an average may have underflowed to 0.
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    loss = cross_entropy(logits, labels) if images else None
    found = metrics.error_rates(errors, images) | {"loss": loss}
    return {f"views_{name}": value for name, value in found.items()}


def confusion_rows(confusion: metrics.Counts, classes: list[str]) -> list[tuple[str, str, int, float]]:
    """A row for each cell: actual and predicted class, the count, and its share of the actual class."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return [(classes[i], classes[j], int(n), float(shares[i, j])) for (i, j), n in np.ndenumerate(confusion)]


def robustness_rows(
    test: Evaluated, network: Network, normalization: Normalization, pool: WorkerPool
) -> list[tuple[str, float, float, int, int]]:
    """A row for each corruption and strength: accuracy, errors and number of the images corrupted like that."""
    rows: list[tuple[str, float, float, int, int]] = []
    n, pixels = len(test.labels), np.clip(normalization.pixels(test.images), 0, 1)
    for name, corruption in CORRUPTIONS.items():
        for strength in corruption.strengths:
            corrupted = corruption.apply(pixels, strength) if strength else pixels
            logits = predict(network, normalization.normalized(corrupted), pool)
            errors = int((logits.argmax(axis=1) != test.labels).sum())
            rows.append((name, strength, (n - errors) / n, errors, n))
    return rows


if __name__ == "__main__":
    run_stage("evaluate", main)
