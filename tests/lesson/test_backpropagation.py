"""Notebook 3: its exercises accept the answers and refuse what is wrong; its pictures and table say what is so."""

import json
import re

import matplotlib as mpl
import numpy as np
import pytest

from answers import backpropagation as answers
from checks import backpropagation as check
from drawings.computation_graph import computation_graph
from tests import ROOT

NOTEBOOK = ROOT / "docs" / "lesson" / "3_backpropagation.ipynb"
LAYERS = ["tanh_backward", "leaky_relu_backward", "skip_backward"]
mpl.use("Agg")


def in_place(dy, y, *_):
    dy *= 1 - y**2
    return dy


@pytest.mark.parametrize("name", LAYERS)
def test_the_answer_is_right_and_the_stub_is_not_yet(name):
    judge = getattr(check, name)
    assert judge(getattr(answers, name)) == "right"
    assert judge(lambda *_: ...) == "not yet"
    assert judge(lambda *_: None) == "not yet"


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_no_array_of_the_right_shape_is_refused(name):
    judge, answer = getattr(check, name), getattr(answers, name)
    assert "shape" in judge(lambda *given: answer(*given).T)
    assert "shape" in judge(lambda *given: answer(*given).mean(axis=0))
    assert "shape" in judge(lambda *_: 1.0)
    assert "str, not an array" in judge(lambda *_: "dy")
    assert judge(lambda *given: answer(*given).tolist()) == "right"
    assert "should be" in judge(lambda *given: answer(*given) * np.nan)


@pytest.mark.parametrize("name", LAYERS)
def test_what_changes_its_inputs_is_told_so(name):
    assert "dy is changed" in getattr(check, name)(in_place)


def test_what_a_function_of_the_reader_raises_is_what_the_reader_sees():
    with pytest.raises(ZeroDivisionError):
        check.tanh_backward(lambda dy, y: 1 / 0)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda dy, y: 1 - y**2, id="without dy"),
        pytest.param(lambda dy, y: dy * (1 - np.tanh(y) ** 2), id="y taken for x"),
        pytest.param(lambda dy, y: dy * (1 - np.arctanh(y) ** 2), id="x for y"),
        pytest.param(lambda dy, y: dy * (1 - y), id="without the square"),
        pytest.param(lambda dy, y: dy * y * (1 - y), id="sigmoid"),
        pytest.param(lambda dy, y: dy * (y > 0), id="relu"),
        pytest.param(lambda dy, y: dy * (1 - y**2) / len(y), id="a mean"),
        pytest.param(lambda dy, y: dy * (1 - y**2 + 1e-5), id="by a trace"),
        pytest.param(lambda dy, y: (dy * (1 - y**2)).astype(int), id="whole numbers"),
    ],
)
def test_a_wrong_tanh_is_refused_with_an_entry_and_all_that_it_comes_from(wrong):
    said = check.tanh_backward(wrong)
    assert re.fullmatch(r"dx\[\d, \d\] is \S+; it should be \S+ \(dy is \S+, y is \S+ there\)", said)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda dy, y: dy * (y > 0), id="relu"),
        pytest.param(lambda dy, y: np.where(y > 0, 1, 0.01), id="without dy"),
        pytest.param(lambda dy, y: np.where(y > 0, dy, 0.01 * y), id="y for dy"),
        pytest.param(lambda dy, y: np.where(y > 0, dy, 100 * dy), id="divided by the slope"),
        pytest.param(lambda dy, y: np.where(dy > 0, dy, 0.01 * dy), id="the sign of dy"),
    ],
)
def test_a_wrong_leaky_relu_is_refused(wrong):
    assert "should be" in check.leaky_relu_backward(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda dy, x, W, b: (dy * (x @ W + b > 0)) @ W.T, id="without the way past the layer"),
        pytest.param(lambda dy, x, W, b: (dy * (x @ W + b > 0)) @ W.T + 1, id="1 for dy"),
        pytest.param(lambda dy, x, W, b: (dy * (x @ W + b > 0)) @ W + dy, id="without the transpose"),
        pytest.param(lambda dy, x, W, b: dy @ W.T + dy, id="without relu"),
        pytest.param(lambda dy, x, W, b: (dy * (x > 0)) @ W.T + dy, id="relu of x"),
        pytest.param(lambda dy, x, W, b: (dy * (x @ W > 0)) @ W.T + dy, id="without the bias"),
        pytest.param(
            lambda dy, x, W, b: (dy * (np.maximum(x @ W + b, 0) + x > 0)) @ W.T + dy, id="relu of the sum"
        ),
    ],
)
def test_a_wrong_skip_connection_is_refused(wrong):
    assert "should be" in check.skip_backward(wrong)


def test_widths_with_two_numbers_between_784_and_10_are_right():
    assert check.two_hidden_layers(answers.two_hidden_layers()) == "right"
    assert check.two_hidden_layers(...) == "not yet"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([784, 100, 10], "3 widths"),
        ([784, 100, 50, 20, 10], "5 widths"),
        ([784, 100, 50, 1], "from 784 to 1"),
        ([10, 50, 100, 784], "from 10 to 784"),
        ([784, 100.0, 50, 10], "whole numbers"),
        ([784, 0, 50, 10], "whole numbers"),
        (2, "whole numbers"),
        (None, "whole numbers"),
    ],
)
def test_other_widths_are_refused(wrong, said):
    assert said in check.two_hidden_layers(wrong)


def test_each_suspect_is_wrong_where_the_answer_says():
    assert check.wrong_lines(answers.wrong_lines()) == "right"
    assert check.wrong_lines(...) == check.wrong_lines([..., "dh", ...]) == "not yet"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["dW1", "dh", "da"], "first suspect"),
        (["dW2", "da", "da"], "second suspect"),
        (["dW2", "dh", "dW1"], "third suspect"),
        (["dW2", "dh"], "three names"),
        (["dW2", "dh", "dx"], "three names"),
        ("da", "three names"),
        (None, "three names"),
    ],
)
def test_other_lines_are_refused(wrong, said):
    assert said in check.wrong_lines(wrong)


def test_the_graph_shows_the_numbers_of_the_arrays_each_once(rng):
    import matplotlib.pyplot as plt  # noqa: PLC0415

    shapes = {"x": 2, "W1": (2, 2), "b1": 2, "a": 2, "h": 2, "W2": (2, 2), "b2": 2, "z": 2, "p": 2, "loss": ()}
    values, gradients = ({name: rng.standard_normal(shape) for name, shape in shapes.items()} for _ in range(2))
    arrays = values | {f"d{name}": array for name, array in gradients.items()}
    figure, ax = plt.subplots()
    written = computation_graph(ax, {k: np.asarray(v) for k, v in values.items()}, gradients, 1)
    assert len(written) == sum(np.size(array) for array in arrays.values())
    for name, text in written.items():
        array, _, index = name.partition("[")
        place = tuple(json.loads(f"[{index}")) if index else ()
        assert float(text) == pytest.approx(float(np.asarray(arrays[array])[place]), abs=5.001e-4), name
    shown = sorted(text.get_text().removeprefix("d = ") for text in ax.texts)
    assert not set(written.values()) - set(shown)
    plt.close(figure)


def test_each_line_that_the_table_explains_stands_in_plain():
    text = "\n".join(
        "".join(cell["source"])
        for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
        if cell["id"] == "lines"
    )
    lines = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    assert len(lines) >= 6
    plain = (ROOT / "nn" / "plain.py").read_text("utf-8")
    assert not [line for line in lines if line not in plain]
