"""The model card: what the model is, how it was made, how good it is, and what it is not for.

In the form of Hugging Face's cards (https://huggingface.co/docs/hub/model-cards); card.md is its text. No time,
path or commit stands in it: equal models of equal parameters have equal cards.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from string import Template
from typing import NamedTuple

import yaml
from pydantic import ValidationError

from nn.layers import Dense, Layer
from nn.mlp import ACTIVATIONS
from nn.network import Network
from nn.normalization import LayerNorm
from stages.evaluation.corruptions import CORRUPTIONS
from stages.evaluation.metrics import wilson_interval
from stages.formats.arrays import DatasetDescription, Split
from stages.formats.datasets import DATASETS, DatasetName
from stages.formats.tables import read_columns
from stages.runtime.atomic import read_json
from stages.runtime.errors import UserError
from stages.runtime.params import Section, validate
from stages.runtime.paths import PLOTS, PREDICTIONS
from stages.settings.preprocess import Preprocess
from stages.settings.train import Train

TEMPLATE = Path(__file__).with_name("card.md")
VERSIONS = {"NumPy": "numpy", "safetensors": "safetensors"}  # what computes the model, and what writes it
START = """With `model.onnx` and onnxruntime:

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
image = np.zeros((28, 28))  # yours: 0 is background, 255 as bright as it gets; it is normalized in the file
(probabilities,) = session.run(None, {"image": np.float32(image).reshape(1, 784) / 255})
```

"""
TENSORS = """`model.safetensors` holds the tensors of PyTorch's `nn.Sequential` of the same layers and, as metadata
in JSON, the layers, the normalization and the classes."""


class Subject(NamedTuple):
    """What the card says of a data set."""

    name: str
    identifier: str | None  # at Hugging Face; None where it is not there
    shows: str
    form: str
    origin: str
    limits: str


SUBJECTS: dict[DatasetName, Subject] = {
    "mnist": Subject(
        name="MNIST",
        identifier="ylecun/mnist",
        shows="handwritten digits",
        form="A digit is fitted into 20 x 20 pixels, keeping its shape, its center of mass in the middle of the "
        "image; its strokes are as bright as they get, what is around them is 0.",
        origin="Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, 1998; CC BY-SA "
        "3.0. The digits were written by employees of the US Census Bureau and by American high-school students",
        limits="Digits as they are written elsewhere, a 1 with a long upstroke or a 7 with a bar, are rare in the "
        "data. No decision about money, votes, marks or health should rest on its reading alone",
    ),
    "fashion-mnist": Subject(
        name="Fashion-MNIST",
        identifier="zalando-datasets/fashion_mnist",
        shows="pieces of clothing",
        form="A piece of clothing lies alone and upright in the middle of the image; what is around it is 0.",
        origin="H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine "
        "Learning Algorithms, 2017; MIT. The images come from one shop's photographs of its goods",
        limits="Clothes that somebody wears, folded clothes, and any other background are not in the data",
    ),
}


class Results(Section, extra="ignore"):
    """What evaluate found on the images of a split; null where there are no images."""

    images: int
    errors: int
    loss: float | None
    calibration_error: float | None
    precision: list[float] | None
    recall: list[float] | None
    images_per_class: list[int]
    views_errors: int | None = None
    views_loss: float | None = None


class Described(NamedTuple):
    """A file that the card names."""

    name: str
    size: int
    sha256: str


def model_card(
    network: Network, dataset: DatasetDescription, sections: Mapping[str, object], files: Sequence[Described]
) -> bytes:
    """The card of the network that was trained on this data set with the parameters in these sections."""
    subject = SUBJECTS.get(dataset.dataset)
    if subject is None:
        raise UserError(
            f"what the model card says of {dataset.dataset} is missing: an entry of SUBJECTS in "
            "stages/exporting/card.py, as mnist has one"
        )
    preprocess, train = validate("preprocess", sections, Preprocess), validate("train", sections, Train)
    params = {"preprocess": preprocess.model_dump(), "train": train.model_dump()}
    validation, test = read_results("validation"), read_results("test")
    classes = dataset.classes
    widths = [network.x.shape[1], *(layer.outputs for layer in network.layers if isinstance(layer, Dense))]
    n_validation = f"{validation.images:,}" if validation.images else "none"
    onnx = any(file.name == "model.onnx" for file in files)
    fields = {
        "metadata": as_yaml(hub_metadata(subject, test, ["numpy", *(["onnx"] if onnx else [])])),
        "name": subject.name,
        "shows": subject.shows,
        "form": subject.form,
        "limits": subject.limits,
        "origin": subject.origin,
        "widths": "-".join(map(str, widths)),
        "layers": ", ".join([*map(described, network.layers), "softmax"]),
        "n_params": f"{network.n_params:,}",
        "n_classes": str(len(classes)),
        "classes": ", ".join(classes),
        "mean": str(dataset.normalization.mean),
        "standard_deviation": str(dataset.normalization.standard_deviation),
        "files": rows((f"`{file.name}`", f"{file.size:,}", f"`{file.sha256}`") for file in files),
        "start": (START if onnx else "") + TENSORS,
        "split": f"{dataset.images['train']:,} images were trained on, {n_validation} kept for validation, "
        f"{test.images:,} for the test",
        "published": rows((f"`{file.name}`", f"`{file.sha256}`") for file in DATASETS[dataset.dataset].files),
        "split_sha256": dataset.split_sha256,
        "params": as_yaml(params),
        "results": rows(result_rows(validation, test)),
        "per_class": rows(
            (name, f"{n:,}", f"{100 * recall:.2f} %", f"{100 * precision:.2f} %")
            for name, n, recall, precision in zip(
                classes, test.images_per_class, test.recall or [], test.precision or [], strict=True
            )
        ),
        "robustness": rows(robustness_rows()),
        **calibration(test),
        "versions": ", ".join(f"{name} {metadata.version(package)}" for name, package in VERSIONS.items()),
        "kernel": train.blas_kernel,
    }
    return Template(TEMPLATE.read_text("utf-8")).substitute(fields).encode()


def hub_metadata(subject: Subject, test: Results, tags: list[str]) -> dict[str, object]:
    """What Hugging Face reads of a card."""
    accuracy = {"type": "accuracy", "value": (test.images - test.errors) / test.images, "name": "Accuracy"}
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"type": subject.identifier or subject.name, "name": subject.name, "split": "test"},
        "metrics": [accuracy],
    }
    return {
        "license": "mit",
        "pipeline_tag": "image-classification",
        "tags": [*tags, "multilayer-perceptron"],
        **({"datasets": [subject.identifier]} if subject.identifier else {}),
        "metrics": ["accuracy"],
        "model-index": [{"name": "digits-in-numpy", "results": [result]}],
    }


def described(layer: Layer) -> str:
    """A layer in a few words."""
    if isinstance(layer, Dense):
        return f"dense {layer.inputs} to {layer.outputs}"
    names: dict[type[Layer], str] = {activation: name for name, activation in ACTIVATIONS.items()}
    names[LayerNorm] = "layer normalization"
    return names.get(type(layer), type(layer).__name__).replace("_", " ")


def read_results(split: Split) -> Results:
    """The results of a split; raises UserError where they are missing or not what evaluate writes."""
    path = PREDICTIONS / f"{split}.json"
    try:
        return Results.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{path} has a mistake: {where}: {first['msg']}; `dvc repro --force evaluate` makes it again"
        ) from None


def result_rows(validation: Results, test: Results) -> Iterable[tuple[str, ...]]:
    """Errors, error rate, loss and calibration error of each split that has images."""
    for name, found in (("validation", validation), ("test", test)):
        if found.images:
            rate = interval(found.errors, found.images)
            yield name, f"{found.errors:,}", rate, f"{found.loss:.4f}", f"{found.calibration_error:.4f}"
    if test.views_errors is not None:
        rate = interval(test.views_errors, test.images)
        yield "test, mean of shifted views", f"{test.views_errors:,}", rate, f"{test.views_loss:.4f}", ""


def robustness_rows() -> Iterable[tuple[str, ...]]:
    """Accuracy at each strength of each corruption."""
    for name, corruption in CORRUPTIONS.items():
        columns = ("strength", "errors", "images")
        found = read_columns(PLOTS / "robustness.csv", columns, len(corruption.strengths), corruption=name)
        for strength, errors, images in zip(*found, strict=True):
            yield f"{name} ({corruption.unit})", f"{strength:g}", interval(images - errors, images)


def calibration(test: Results) -> dict[str, str]:
    """How far confidence and accuracy agree, in words and by bins of confidence."""
    columns = ("low", "high", "images", "confidence", "accuracy")
    found = read_columns(PLOTS / "calibration.csv", columns, 1)
    confidence = sum(n * mean for _, _, n, mean, _ in zip(*found, strict=True)) / sum(found[2])
    accuracy = 1 - test.errors / test.images
    verdict = "less" if confidence < accuracy else "more"
    return {
        "calibration": f"On the test images it is {100 * confidence:.2f} % sure in the mean, and right in "
        f"{100 * accuracy:.2f} %: {verdict} sure than it should be.",
        "bins": rows(
            (f"{low:.2f} to {high:.2f}", f"{n:,.0f}", f"{100 * mean:.1f} %", f"{100 * right:.1f} %")
            for low, high, n, mean, right in zip(*found, strict=True)
        ),
    }


def interval(found: float, images: float) -> str:
    """A share of the images, with its interval of 95 %."""
    low, high = wilson_interval(found, images)
    return f"{100 * found / images:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def rows(cells: Iterable[Sequence[str]]) -> str:
    """The rows of a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def as_yaml(content: Mapping[str, object]) -> str:
    """YAML in the order of the keys."""
    return yaml.safe_dump(content, sort_keys=False)
