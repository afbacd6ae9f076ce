"""A first try works: any one parameter changed to any value that its comment names."""

import json

import numpy as np
import pytest

from commands.check import mistakes_in
from digits.normalization import Normalization
from stages import evaluate, export, plot, train
from stages.formats import arrays
from stages.runtime.params import leaves, read_all
from tests import ROOT, small
from tests.stages.descriptions import description
from tests.stages.documented import LISTS, changed, documented

DOCUMENTED = documented()
HIDDEN = [[], [1], [4096] * 8]
CHANGES = [(name, value) for name, found in DOCUMENTED.items() for value in found.right]
RUN = [(name, value) for name, value in CHANGES if name.split(".")[0] in {"train", "evaluate", "plot", "export"}]
ENDS = [(name, value) for name, value in RUN if type(value) in {int, float} and name != "evaluate.views"]
CHOICES = [*(change for change in RUN if change not in ENDS), ("train.hidden", []), ("train.hidden", [1])]
QUICK = {"train.hidden": [32, 16], "train.batch_size": 50, "train.epochs": 3}  # the third has hard images
AT_MOST = {"train.batch_size": 500, "train.epochs": 3, "train.iterations": 20}  # on 500 images, in no time
CLASSIFIES = ("evaluate.", "plot.", "export.", "train.activation", "train.hidden", "train.normalization")


def test_every_parameter_has_its_range_or_its_choices_beside_it():
    assert DOCUMENTED.keys() | LISTS == {name for name, _ in leaves(read_all(ROOT / "params.yaml"))}


@pytest.mark.parametrize(("name", "value"), [*CHANGES, *(("train.hidden", hidden) for hidden in HIDDEN)])
def test_what_the_comment_of_a_parameter_names_is_valid(name, value):
    assert mistakes_in(changed({name: value})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name, found in DOCUMENTED.items() for value in found.wrong),
        *(("train.hidden", hidden) for hidden in ([0], [4097], [16] * 9, [16.5], 16, None)),
    ],
)
def test_what_lies_beyond_is_refused_in_a_line_that_names_the_parameter(name, value):
    (line,) = mistakes_in(changed({name: value}))
    assert line.startswith(f"params.yaml: {name}")
    nullable = None in DOCUMENTED[name].right if name in DOCUMENTED else False
    assert line.endswith(", or null") == nullable


@pytest.fixture
def few_images(tmp_path, monkeypatch):
    """A project with the arrays of 500 training images, 100 for validation and 200 for testing."""
    monkeypatch.chdir(tmp_path)
    templates = small.digits_like(np.random.default_rng(0)).reshape(10, -1) / 255
    sizes: dict[arrays.Split, int] = {"train": 500, "validation": 100, "test": 200}
    normalization = Normalization(mean=0.1, standard_deviation=0.3)
    for split, n in sizes.items():
        labels = np.arange(n, dtype=np.uint8) % 10
        pixels = templates[labels] * np.random.default_rng(n).random((n, 1))
        arrays.write(split, normalization.normalized(pixels.astype(np.float32)), labels)
    arrays.write_description(description(normalization, sizes))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"), [*CHOICES, *(pytest.param(*end, marks=pytest.mark.long) for end in ENDS)]
)
def test_a_run_with_it_comes_to_its_end(few_images, name, value):
    if name in AT_MOST and value is not None:
        value = min(value, AT_MOST[name])
    (few_images / "params.yaml").write_text(json.dumps(changed(QUICK | {name: value})))  # which is YAML
    train.main()
    if name.startswith(CLASSIFIES):
        evaluate.main()
        export.main()
    if name.startswith(("plot.", "train.hidden")):
        plot.main()
