import signal
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nn.parallel import WorkerPool, default_shards, default_threads, single_threaded_blas


def nothing(number, thread):
    """A task."""


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_every_task_is_done_exactly_once_in_every_round(threads):
    done = []

    def note(number, thread):
        done.append(number)

    with WorkerPool(threads) as pool:
        for _ in range(50):
            pool.run(note, 7)
            assert sorted(done) == list(range(7))
            done.clear()


def test_a_round_ends_when_its_last_task_has_ended():
    ended = []

    def slow(number, thread):
        time.sleep(0.02)
        ended.append(number)

    with WorkerPool(3) as pool:
        pool.run(slow, 5)
        assert len(ended) == 5


def test_each_task_is_told_which_thread_does_it():
    barrier = threading.Barrier(3, timeout=10)
    threads = []

    def task(number, thread):
        barrier.wait()  # so that no thread takes two
        threads.append(thread)

    with WorkerPool(3) as pool:
        pool.run(task, 3)
    assert sorted(threads) == [0, 1, 2]


def test_what_a_task_raises_reaches_the_caller_and_the_pool_works_on():
    def fail(number, thread):
        raise ValueError("no")

    with WorkerPool(2) as pool:
        with pytest.raises(ValueError, match="no"):
            pool.run(fail, 2)
        pool.run(nothing, 2)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_round_within_a_round_is_refused_whatever_the_number_of_threads(threads):
    with WorkerPool(threads) as pool:

        def nested(number, thread):
            pool.run(nothing, 2)

        with pytest.raises(RuntimeError, match="a round within a round"):
            pool.run(nested, 2)


class Interruption(KeyboardInterrupt):
    pass


def interrupt(*_):
    raise Interruption


def work_until_interrupted(seconds):
    with WorkerPool(4) as pool:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while True:
            pool.run(nothing, 8)


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


def test_inside_single_threaded_blas_it_has_one_thread_and_afterwards_what_it_had():
    def blas_threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas_threads()
    with single_threaded_blas():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_all_threads_of_a_pool_have_the_errstate_of_their_maker(threads):
    found = []

    def overflow(number, thread):
        found.append(np.float32(3e38) * np.float32(3e38))

    with np.errstate(all="ignore"), WorkerPool(threads) as pool:
        pool.run(overflow, 6)  # a warning would be an error of the suite
    assert found == [np.inf] * 6


def test_the_threads_end_with_the_pool():
    before = threading.active_count()
    with WorkerPool(4):
        assert threading.active_count() == before + 3
    assert threading.active_count() == before


def test_little_work_is_done_by_one_thread_and_no_more_than_the_shards():
    assert default_threads(1) == 1
    assert default_threads(8, flops=1e6) == 1


def test_the_shards_of_a_batch_depend_on_rows_and_work_alone():
    assert [default_shards(batch, 1e9) for batch in (16, 128, 256, 5000)] == [2, 2, 4, 4]
    assert default_shards(5000, 1e6) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_a_closed_pool_refuses_work(threads):
    with WorkerPool(threads) as pool:
        pool.run(nothing, 4)
    with pytest.raises(RuntimeError, match="closed"):
        pool.run(nothing, 4)
