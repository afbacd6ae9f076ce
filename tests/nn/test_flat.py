import numpy as np

from nn.flat import size, slices, split, views


def test_a_vector_and_its_views_are_the_same_memory():
    vector = np.zeros(9)
    W, b = views(vector, [(2, 3), (3,)])
    W[:] = 1
    vector[6:] = 2
    assert vector.tolist() == [1] * 6 + [2] * 3
    assert b.tolist() == [2, 2, 2]
    assert np.shares_memory(vector, W)


def test_the_size_is_the_sum_over_the_shapes():
    assert size([(2, 3), (3,), ()]) == 10
    assert size([]) == 0


def test_parts_cover_everything_and_differ_by_at_most_one():
    for n in (1, 7, 8, 100):
        for parts in (1, 2, 3, 8):
            found = split(n, parts)
            assert [i for part in found for i in range(n)[part]] == list(range(n))
            lengths = [part.stop - part.start for part in found]
            assert max(lengths) - min(lengths) <= 1
    assert split(0, 3) == []


def test_slices_have_the_length_asked_for_but_for_the_last():
    assert list(slices(7, 3)) == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert list(slices(0, 3)) == []
