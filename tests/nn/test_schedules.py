import pytest

from nn.schedules import constant, cosine


def test_constant_is_one_throughout():
    assert {constant(progress / 10) for progress in range(10)} == {1.0}


def test_cosine_falls_from_one_through_a_half_to_zero():
    assert cosine(0) == 1
    assert cosine(0.5) == pytest.approx(0.5)
    assert cosine(1) == pytest.approx(0)
    values = [cosine(progress / 100) for progress in range(101)]
    assert values == sorted(values, reverse=True)
