"""Files that are not what a stage expects are refused in one line, and nothing takes their place."""

import hashlib
import io
import json
import shutil

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save, save_file

from tests.pipeline.projects import refusal

RAW = "data/raw/train-images-idx3-ubyte"
LABELS = "data/raw/train-labels-idx1-ubyte"
MODEL = "data/model/model.safetensors"
OUTPUTS = {
    "preprocess": ["data/preprocessed"],
    "train": ["data/model", "metrics/train.json", "plots/training.csv", "plots/validation.csv"],
    "evaluate": [
        "data/predictions",
        "metrics/test.json",
        "plots/confusion.csv",
        "plots/per_class.csv",
        "plots/calibration.csv",
        "plots/robustness.csv",
    ],
    "plot": [],
    "export": ["data/export"],
}


def edit_a_pixel(path):
    content = bytearray((path / RAW).read_bytes())
    content[5000] ^= 1
    (path / RAW).write_bytes(content)


def cut_off(path):
    (path / RAW).write_bytes((path / RAW).read_bytes()[:-1000])


def swap(path):
    (path / RAW).rename(path / "swapped")
    (path / LABELS).rename(path / RAW)
    (path / "swapped").rename(path / LABELS)


def label_of_10(path):
    content = bytearray((path / LABELS).read_bytes())
    before = hashlib.sha256(content).hexdigest()
    content[8 + 17] = 10
    (path / LABELS).write_bytes(content)
    # Let the hash be right: it is the reader that has to find it.
    datasets = path / "stages" / "formats" / "datasets.py"
    text = datasets.read_text()
    assert before in text
    datasets.write_text(text.replace(before, hashlib.sha256(content).hexdigest()))


def remove(name):
    return lambda path: (path / name).unlink()


def put(name, array):
    return lambda path: np.save(path / name, array, allow_pickle=True)


def write(name, content):
    return lambda path: (path / name).write_bytes(content)


def redescribe(change):
    """Change the description in the metadata of the model, and leave the tensors."""

    def damage(path):
        with safe_open(path / MODEL, framework="numpy") as file:
            description = json.loads(file.metadata()["network"])
        change(description)
        save_file(load_file(path / MODEL), path / MODEL, {"network": json.dumps(description)})

    return damage


def widen(description):
    description["layers"][0]["outputs"] = description["layers"][2]["inputs"] = 33


def shift(description):
    description["normalization"]["mean"] += 0.1


def forget_description(path):
    save_file(load_file(path / MODEL), path / MODEL)


def not_a_number(path):
    with safe_open(path / MODEL, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path / MODEL)
    tensors["0.bias"][3] = np.nan
    save_file(tensors, path / MODEL, metadata)


def model_of_10_x_10(path):
    dense = {"kind": "dense", "inputs": 100, "outputs": 10}
    description = {
        "layers": [dense],
        "normalization": {"mean": 0.0, "standard_deviation": 1.0},
        "classes": [str(n) for n in range(10)],
        "dataset": "mnist",
    }
    tensors = {"0.weight": np.zeros((10, 100), np.float32), "0.bias": np.zeros(10, np.float32)}
    (path / MODEL).write_bytes(save(tensors, {"network": json.dumps(description)}))


TRAIN_IMAGES, TRAIN_LABELS = "data/preprocessed/train_images.npy", "data/preprocessed/train_labels.npy"
TEST_IMAGES, TEST_LABELS = "data/preprocessed/test_images.npy", "data/preprocessed/test_labels.npy"
DESCRIPTION = "data/preprocessed/dataset.json"
CONFUSION = "plots/confusion.csv"
PREDICTIONS = "data/predictions/test.npy"
RESULTS = "data/predictions/validation.json"

BUFFER = io.BytesIO()
np.savez(BUFFER, predictions=np.zeros((200, 10), "f"))
ARCHIVE = BUFFER.getvalue()

HEADER = b"low,high,images,correct,confidence,accuracy\n"
DAMAGED = {
    "a pixel edited by hand": ("preprocess", edit_a_pixel, RAW, "is not the published file of mnist"),
    "a file cut off": ("preprocess", cut_off, RAW, "bytes where its header says"),
    "images and labels swapped": ("preprocess", swap, RAW, "begins with 0x00000801, not 0x00000803"),
    "a label of 10": ("preprocess", label_of_10, LABELS, "is 10, and mnist has 10 classes, 0 to 9"),
    "no labels": ("preprocess", remove(LABELS), LABELS, "is missing"),
    "images of float64": ("train", put(TRAIN_IMAGES, np.zeros((500, 784))), TRAIN_IMAGES, "holds float64"),
    "images of 100 pixels": ("train", put(TRAIN_IMAGES, np.zeros((500, 100), "f")), TRAIN_IMAGES, "(n, 784)"),
    "labels of int64": ("train", put(TRAIN_LABELS, np.zeros(500, int)), TRAIN_LABELS, "holds int64"),
    "too few labels": ("train", put(TRAIN_LABELS, np.zeros(9, np.uint8)), TRAIN_LABELS, "(9,)"),
    "pickled labels": ("train", put(TRAIN_LABELS, np.array([{}] * 500)), TRAIN_LABELS, "is no .npy file"),
    "an empty array file": ("train", write(TRAIN_IMAGES, b""), TRAIN_IMAGES, "is no .npy file"),
    "no images": ("train", remove(TRAIN_IMAGES), TRAIN_IMAGES, "is missing"),
    "no description": ("train", remove(DESCRIPTION), DESCRIPTION, "is missing"),
    "a description cut off": ("train", write(DESCRIPTION, b'{"da'), DESCRIPTION, "is not JSON"),
    "no model": ("evaluate", remove(MODEL), MODEL, "is missing"),
    "a model that is none": ("evaluate", write(MODEL, b"text"), MODEL, "no safetensors file"),
    "tensors that metadata contradicts": ("evaluate", redescribe(widen), MODEL, "0.bias is (32,)", "says (33,)"),
    "a model of other images": ("evaluate", model_of_10_x_10, MODEL, "takes 100 numbers, an image has 784"),
    "a model with a NaN": ("evaluate", not_a_number, MODEL, "0.bias is not made of finite"),
    "a model of other arrays": ("evaluate", redescribe(shift), "data/model", "normalization or classes differ"),
    "a model without description": ("evaluate", forget_description, MODEL, "no key `network`"),
    "too many predictions": ("plot", put(PREDICTIONS, np.zeros((201, 10), "f")), PREDICTIONS, "(200, 10)"),
    "a training label of 10": ("train", put(TRAIN_LABELS, np.full(500, 10, np.uint8)), TRAIN_LABELS, "10"),
    "a test label of 10": ("evaluate", put(TEST_LABELS, np.full(200, 10, np.uint8)), TEST_LABELS, "10"),
    "test images of float64": ("evaluate", put(TEST_IMAGES, np.zeros((200, 784))), TEST_IMAGES, "holds float64"),
    "an archive of predictions": ("plot", write(PREDICTIONS, ARCHIVE), PREDICTIONS, "force evaluate"),
    "predictions of 9 classes": ("plot", put(PREDICTIONS, np.zeros((200, 9), "f")), PREDICTIONS, "force evaluate"),
    "no table of evaluate": ("plot", remove("plots/calibration.csv"), "plots/calibration.csv", "is missing"),
    "a table of others": ("plot", write("plots/robustness.csv", b"a\n1\n"), "it is no table of"),
    "a table without rows": ("plot", write("plots/calibration.csv", HEADER), "it has 0 rows, not 1 or more"),
    "a table that is no text": ("plot", write("plots/training.csv", b"step,loss\n\xff"), "it is no table of"),
    "a table of nan": ("plot", write("plots/training.csv", b"step,loss\n1,nan\n"), "numbers that are not finite"),
    "a confusion matrix without cells": ("plot", write(CONFUSION, b"count,share\n"), CONFUSION, "0 rows, not 100"),
    "no results": ("export", remove(RESULTS), RESULTS, "is missing"),
    "results of others": ("export", write(RESULTS, b'{"images": 3}'), RESULTS, "errors: Field required"),
    "no curve": ("plot", remove("plots/validation.csv"), "plots/validation.csv", "is missing"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "damage", "said"),
    [pytest.param(stage, damage, said, id=name) for name, (stage, damage, *said) in DAMAGED.items()],
)
def test_a_damaged_input_is_refused_in_one_line(workspace, stage, damage, said):
    for name in OUTPUTS[stage]:  # as dvc does before it runs a stage
        output = workspace.path / name
        shutil.rmtree(output) if output.is_dir() else output.unlink()
    damage(workspace.path)
    before = workspace.made()
    line = refusal(workspace.stage(stage))
    assert line.startswith(f"{stage}: ")
    for fragment in said:
        assert fragment in line
    assert workspace.made() == before
