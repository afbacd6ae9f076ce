import pytest

from nn.schedules import constant, cosine, one_cycle, with_warmup


def test_constant_is_one_throughout():
    assert {constant(progress / 10) for progress in range(10)} == {1.0}


def test_cosine_falls_from_one_through_a_half_to_zero():
    assert cosine(0) == 1
    assert cosine(0.5) == pytest.approx(0.5)
    assert cosine(1) == pytest.approx(0)
    values = [cosine(progress / 100) for progress in range(101)]
    assert values == sorted(values, reverse=True)


def test_one_cycle_rises_to_one_and_falls_to_almost_nothing():
    assert one_cycle(0) == pytest.approx(1 / 25)
    assert one_cycle(0.3) == pytest.approx(1)
    assert one_cycle(1) == pytest.approx(1e-4 / 25)
    assert max(one_cycle(progress / 100) for progress in range(101)) == pytest.approx(1)


def test_warm_up_is_a_straight_line_and_then_the_whole_schedule():
    schedule = with_warmup(cosine, 0.2, step=0.05)
    assert [schedule(progress) for progress in (0, 0.05, 0.1, 0.15, 0.2)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    assert schedule(0.6) == pytest.approx(cosine(0.5))
    assert with_warmup(constant, 0, step=0.1)(0) == 1
    assert with_warmup(constant, 0.25, step=0.1)(0.2) == 1  # never above the schedule
