import threading
import time
from functools import partial

import pytest

from nn.threads import Team, suitable_parts, suitable_threads


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_every_task_is_done_exactly_once_in_every_round(threads):
    done = []

    def note(number, member):
        done.append(number)

    with Team(threads) as team:
        for _ in range(50):
            team.run([partial(note, number) for number in range(7)])
            assert sorted(done) == list(range(7))
            done.clear()


def test_a_round_ends_when_its_last_task_has_ended():
    ended = []

    def slow(member):
        time.sleep(0.02)
        ended.append(member)

    with Team(3) as team:
        team.run([slow] * 5)
        assert len(ended) == 5


def test_members_are_told_apart():
    barrier = threading.Barrier(3, timeout=10)
    members = []

    def task(member):
        barrier.wait()  # so that no member takes two
        members.append(member)

    with Team(3) as team:
        team.run([task] * 3)
    assert sorted(members) == [0, 1, 2]


def test_what_a_task_raises_reaches_the_caller_and_the_team_works_on():
    def fail(member):
        raise ValueError("no")

    with Team(2) as team:
        with pytest.raises(ValueError, match="no"):
            team.run([fail, fail])
        team.run([lambda member: None] * 2)


def test_the_threads_end_with_the_team():
    before = threading.active_count()
    with Team(4):
        assert threading.active_count() == before + 3
    assert threading.active_count() == before


def test_the_environment_overrides_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("NETWORK_THREADS", "5")
    assert suitable_threads(2) == 5
    monkeypatch.delenv("NETWORK_THREADS")
    assert suitable_threads(1) == 1
    assert suitable_threads(8, work=1e6) == 1


def test_the_parts_of_a_batch_depend_on_rows_and_work_alone():
    assert [suitable_parts(batch, 1e9) for batch in (16, 128, 256, 5000)] == [2, 2, 4, 4]
    assert suitable_parts(5000, 1e6) == 1


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("NETWORK_THREADS", value)
    with pytest.raises(ValueError, match=r"NETWORK_THREADS is .*: should be a whole number above 0"):
        suitable_threads(2)
