import signal
import threading
import time
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nn.parallel import WorkerPool, default_shards, default_threads


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_every_task_is_done_exactly_once_in_every_round(threads):
    done = []

    def note(number, member):
        done.append(number)

    with WorkerPool(threads) as team:
        for _ in range(50):
            team.run([partial(note, number) for number in range(7)])
            assert sorted(done) == list(range(7))
            done.clear()


def test_a_round_ends_when_its_last_task_has_ended():
    ended = []

    def slow(member):
        time.sleep(0.02)
        ended.append(member)

    with WorkerPool(3) as team:
        team.run([slow] * 5)
        assert len(ended) == 5


def test_members_are_told_apart():
    barrier = threading.Barrier(3, timeout=10)
    members = []

    def task(member):
        barrier.wait()  # so that no member takes two
        members.append(member)

    with WorkerPool(3) as team:
        team.run([task] * 3)
    assert sorted(members) == [0, 1, 2]


def test_what_a_task_raises_reaches_the_caller_and_the_team_works_on():
    def fail(member):
        raise ValueError("no")

    with WorkerPool(2) as team:
        with pytest.raises(ValueError, match="no"):
            team.run([fail, fail])
        team.run([lambda member: None] * 2)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_round_within_a_round_is_refused_whatever_the_number_of_threads(threads):
    with WorkerPool(threads) as team:

        def nested(member):
            team.run([lambda member: None] * 2)

        with pytest.raises(RuntimeError, match="a round within a round"):
            team.run([nested] * 2)


class Interruption(KeyboardInterrupt):
    pass


def interrupt(*_):
    raise Interruption


def work_until_interrupted(seconds):
    with WorkerPool(4) as team:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while True:
            team.run([lambda member: None] * 8)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts")
def test_an_interruption_at_any_moment_comes_through_and_leaves_no_thread():
    before = threading.active_count()
    former = signal.signal(signal.SIGALRM, interrupt)
    try:
        for trial in range(60):
            with pytest.raises(Interruption):
                work_until_interrupted(0.0005 + 0.00002 * trial)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    assert threading.active_count() == before


def test_inside_a_team_blas_has_one_thread_and_afterwards_what_it_had():
    def blas_threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas_threads()
    with WorkerPool(2):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_inside_a_team_numpy_warns_of_no_number_and_afterwards_as_before(threads):
    before, found = np.geterr(), []

    def overflow(member):
        found.append(np.float32(3e38) * np.float32(3e38))

    with WorkerPool(threads) as team:
        team.run([overflow] * 6)  # a warning would be an error of the suite
    assert found == [np.inf] * 6
    assert np.geterr() == before


def test_the_threads_end_with_the_team():
    before = threading.active_count()
    with WorkerPool(4):
        assert threading.active_count() == before + 3
    assert threading.active_count() == before


def test_the_environment_overrides_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("NETWORK_THREADS", "5")
    assert default_threads(2) == 5
    monkeypatch.delenv("NETWORK_THREADS")
    assert default_threads(1) == 1
    assert default_threads(8, work=1e6) == 1


def test_the_parts_of_a_batch_depend_on_rows_and_work_alone():
    assert [default_shards(batch, 1e9) for batch in (16, 128, 256, 5000)] == [2, 2, 4, 4]
    assert default_shards(5000, 1e6) == 1


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "257"])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("NETWORK_THREADS", value)
    with pytest.raises(ValueError, match=r"NETWORK_THREADS is .*: should be a whole number, 1 to 256"):
        default_threads(2)
