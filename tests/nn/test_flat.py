import numpy as np

from nn.flat import flat


def test_a_vector_and_its_views_are_the_same_memory():
    vector, (W, b) = flat([(2, 3), (3,)])
    W[:] = 1
    vector[6:] = 2
    assert vector.tolist() == [1] * 6 + [2] * 3
    assert b.tolist() == [2, 2, 2]
    assert np.shares_memory(vector, W)


def test_no_shapes_give_an_empty_vector():
    vector, views = flat([])
    assert vector.size == 0
    assert views == []


def test_the_type_of_the_numbers_is_the_callers_choice():
    vector, _ = flat([(2,)], np.float64)
    assert vector.dtype == np.float64
