"""The exercises of notebook 5: the answers are right, the stubs not yet, and mistakes are named."""

import inspect
import math
from itertools import pairwise

import numpy as np
import pytest

from answers import speed as answers
from checks import speed as check
from nn import flat
from tests.lesson.test_notebooks import LESSON, cells, source

EXERCISES = ["adam_in_place", "weights_first", "predict", "total"]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_answer_is_right(name):
    assert getattr(check, name)(getattr(answers, name)) == "right"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_not_yet_there(name):
    assert getattr(check, name)(lambda *arguments: ...) == "not yet"


def test_the_adam_of_the_notebook_is_the_one_that_the_check_compares_with():
    shown = "\n".join(map(source, cells(LESSON / "5_speed.ipynb")))
    formula = [line.strip() for line in inspect.getsource(check.textbook_adam).splitlines()[-3:]]
    assert all(line in shown for line in formula)


# 1. Adam in place


def with_new_arrays(p, g, m, v, t, s1, s2):
    check.textbook_adam(p, g, m, v, t)


def averages_are_bound_to_new_names(p, g, m, v, t, s1, s2):
    m = 0.9 * m + (1 - 0.9) * g
    v = 0.999 * v + (1 - 0.999) * g**2
    p -= 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def parameters_are_bound_to_a_new_name(p, g, m, v, t, s1, s2):
    before = p.copy()
    answers.adam_in_place(p, g, m, v, t, s1, s2)
    p[...], p = before, p.copy()


def gradient_is_squared_in_place(p, g, m, v, t, s1, s2):
    square = g.copy()
    answers.adam_in_place(p, g, m, v, t, s1, s2)
    g[...] = square**2


def no_bias_correction(p, g, m, v, t, s1, s2):
    answers.adam_in_place(p, g, m, v, 10**6, s1, s2)


def epsilon_in_the_root(p, g, m, v, t, s1, s2):
    before = p.copy()
    answers.adam_in_place(p, g, m, v, t, s1, s2)
    p[...] = before - 0.001 * (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.999**t) + 1e-8)


def constants_drawn_together(p, g, m, v, t, s1, s2):
    before = p.copy()
    answers.adam_in_place(p, g, m, v, t, s1, s2)
    j, k = 1 / (1 - 0.9**t), (1 / (1 - 0.999**t)) ** 0.5
    np.sqrt(v, out=s1)
    s1 += 1e-8 / k
    np.divide(m, s1, out=s1)
    s1 *= 0.001 * j / k
    np.subtract(before, s1, out=p)


def scratch_is_read_before_it_is_written(p, g, m, v, t, s1, s2):
    s1 *= 0
    m += s1
    answers.adam_in_place(p, g, m, v, t, s1, s2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (with_new_arrays, "allocates"),
        (averages_are_bound_to_new_names, "m["),
        (parameters_are_bound_to_a_new_name, "p["),
        (gradient_is_squared_in_place, "g["),
        (no_bias_correction, "p["),
        (epsilon_in_the_root, "p["),
        (constants_drawn_together, "p is close"),
        (scratch_is_read_before_it_is_written, "m[0] is nan"),
    ],
)
def test_a_wrong_update_is_refused(wrong, said):
    assert said in check.adam_in_place(wrong)


# 2. Weights first


def layer_by_layer(params):
    arrays = [array for pair in params for array in pair]
    vector = np.concatenate([array.ravel() for array in arrays])
    views = flat.views(vector, [array.shape for array in arrays])
    return vector, list(zip(views[::2], views[1::2], strict=True))


def with_copies(params):
    return answers.weights_first(params)[0], params


def in_float64(params):
    return answers.weights_first([(W.astype(float), b.astype(float)) for W, b in params])


def transposed(params):
    vector, pairs = answers.weights_first(params)
    return vector, [(W.reshape(W.T.shape), b) for W, b in pairs]


def last_layer_first(params):
    vector, pairs = answers.weights_first(params)
    return vector, pairs[::-1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (layer_by_layer, "vector["),
        (with_copies, "W of layer 0 is a copy"),
        (in_float64, "the vector is float64"),
        (transposed, "W of layer 0 has the shape (4, 5)"),
        (last_layer_first, "W of layer 0 has the shape"),
        (lambda params: answers.weights_first(params)[0], "two things"),
        (lambda params: (answers.weights_first(params)[0], None), "a list of 3 pairs"),
        (lambda params: (answers.weights_first(params)[0], [1, 2, 3]), "entry 0"),
        (lambda params: (answers.weights_first(params)[0].tolist(), params), "the vector is list"),
        (lambda params: None, "not yet"),
    ],
)
def test_a_wrong_vector_is_refused(wrong, said):
    assert said in check.weights_first(wrong)


# 3. The prediction


def seconds(widths, n, rate, update, *, operations=lambda P, P1: 6 * P - 2 * P1, biases=True):
    weights = [i * o for i, o in pairwise(widths)]
    params = sum(weights) + (sum(widths[1:]) if biases else 0)
    return n * operations(sum(weights), weights[0]) / rate + params * update


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda P, P1: 6 * P, "products"),  # the gradient by the images
        (lambda P, P1: 2 * P, "products"),  # forward only
        (lambda P, P1: 3 * P - P1, "products"),  # multiplications only
    ],
    ids=["images' gradient", "forward only", "multiplications only"],
)
def test_a_wrong_count_is_refused(wrong, said):
    assert said in check.predict(lambda *arguments: seconds(*arguments, operations=wrong))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda *arguments: seconds(*arguments, biases=False), "update"),
        (lambda widths, n, rate, update: seconds(widths, n, rate, 0), "update"),
        (lambda widths, n, rate, update: seconds(widths, n, rate, n * update), "update"),
        (lambda widths, n, rate, s: max(seconds(widths, n, rate, 0), seconds(widths, n, np.inf, s)), "update"),
        (lambda widths, n, rate, update: seconds(widths, n, 1 / rate, update), "products"),
        (lambda *arguments: "fast", "str"),
        (lambda *arguments: None, "not yet"),
    ],
    ids=[
        "no biases",
        "no update",
        "an update for each row",
        "the longer of both",
        "times the rate",
        "a string",
        "None",
    ],
)
def test_a_wrong_prediction_is_refused(wrong, said):
    assert said in check.predict(wrong)


# 4. The sum


def into_the_first(finished):
    finished = sorted(finished, key=lambda pair: pair[0])
    result = finished[0][1]
    for _, part in finished[1:]:
        result += part
    return result


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda finished: sum(part for _, part in finished), "different results"),
        (lambda finished: np.sum([part for _, part in finished], axis=0), "different results"),
        (
            lambda finished: np.sum([part.astype(float) for _, part in finished], axis=0).astype("f4"),
            "different results",
        ),
        (
            lambda finished: np.sum([part.astype(np.longdouble) for _, part in finished], axis=0).astype("f4"),
            "different results",
        ),
        (lambda finished: np.mean([part for _, part in sorted(finished, key=lambda p: p[0])], axis=0), "sum["),
        (lambda finished: min(finished, key=lambda p: p[0])[1], "sum["),
        (lambda finished: answers.total(finished).astype(float), "float32"),
        (lambda finished: answers.total(finished).tolist(), "float32"),
        (lambda finished: answers.total(finished)[0], "the shape (5,)"),
        (into_the_first, "has been changed"),
        (lambda finished: None, "not yet"),
    ],
    ids=[
        "arrival",
        "np.sum",
        "float64",
        "long double",
        "mean",
        "first",
        "float64 result",
        "list",
        "a row",
        "in place",
        "None",
    ],
)
def test_a_wrong_sum_is_refused(wrong, said):
    assert said in check.total(wrong)


def test_an_exact_sum_is_right_as_well():
    def exact(finished):
        stacked = np.stack([part for _, part in finished]).astype(float)
        return np.apply_along_axis(math.fsum, 0, stacked).astype("f4")

    assert check.total(exact) == "right"
