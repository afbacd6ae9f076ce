"""A pool of threads that works through numbered tasks together, so that all cores have a share of everything.

NumPy releases the interpreter's lock inside its products and element-wise functions, so threads run side by side
there. Which thread does which task is left to chance; what comes out must not depend on it: the tasks of one
round write to different places and read nothing that another of them writes.

Why not concurrent.futures.ThreadPoolExecutor: to hand it a task and wait for the result takes 58 to 98 us, while a
whole step of training, two rounds, may take 200.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from types import TracebackType

from threadpoolctl import threadpool_limits

Task = Callable[[int, int], None]
"""Called with the number of the task and that of the thread, 0 to threads - 1, to use that one's scratch array."""

MIN_PARALLEL_FLOPS = 40e6  # floating-point operations: less is done by one before another has woken up


def default_shards(batch: int, flops: float) -> int:
    """Into how many shards to cut batches of so many rows and floating-point operations.

    One where there is little work; else one for 64 rows, but two at least, for the sake of two cores, and four at
    most, because many small products are slower than few large ones.
    """
    return 1 if flops <= MIN_PARALLEL_FLOPS else min(max(batch // 64, 2), 4)


def default_threads(shards: int, flops: float = float("inf")) -> int:
    """How many threads for so many shards and floating-point operations: the smaller of cores and shards.

    One where there is little work. Never changes a bit of what is computed.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, shards) if flops > MIN_PARALLEL_FLOPS else 1


def single_threaded_blas() -> threadpool_limits:
    """A context in which BLAS has one thread: their number changes the order of its sums, and with it the bits."""
    return threadpool_limits(limits=1, user_api="blas")


class WorkerPool:
    """`threads` threads, the caller among them. Used as a context: the threads end with it.

    The threads have the context of their maker: inside `np.errstate(all="ignore")`, NumPy warns in none of them.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.function: Task = lambda number, thread: None
        self.numbers: Iterator[int] = iter(())
        self.busy = self.closed = False
        self.error: BaseException | None = None
        # A lock that is held is a door that is closed: each helper waits at its `go`, the caller at its `done`.
        self.go = [threading.Lock() for _ in range(threads - 1)]
        self.done = [threading.Lock() for _ in range(threads - 1)]
        for lock in (*self.go, *self.done):
            lock.acquire()
        self.helpers = [
            threading.Thread(target=copy_context().run, args=(self._serve, thread), daemon=True)
            for thread in range(1, threads)
        ]
        for helper in self.helpers:
            helper.start()

    def run(self, function: Task, tasks: int) -> None:
        """Call function(number, thread) for each number below `tasks`; returns when all have ended.

        Raises what one of the calls raised, and leaves out the rest then. Raises RuntimeError in a round within a
        round, after one that was interrupted, or when the pool is closed.
        """
        if self.closed:
            raise RuntimeError("the pool is closed")
        if self.busy:
            raise RuntimeError("a round within a round, or after one that was interrupted")
        self.busy = True
        if self.threads == 1 or tasks == 1:
            try:
                for number in range(tasks):
                    function(number, 0)
            finally:
                self.busy = False
            return
        self.function, self.numbers = function, iter(range(tasks))
        for lock in self.go:
            lock.release()
        self._drain(0)
        for lock in self.done:
            lock.acquire()
        self.busy = False
        if self.error is not None:
            error, self.error = self.error, None
            try:
                raise error
            finally:
                del error  # or it would hold this frame, and this frame the arrays of the tasks

    def _drain(self, thread: int) -> None:
        """Do the next task that nobody has taken, until none is left."""
        try:
            while (number := next(self.numbers, None)) is not None:
                self.function(number, thread)
        except BaseException as error:  # noqa: BLE001 (it goes to the caller)
            self.error = error
            self.numbers = iter(())

    def _serve(self, thread: int) -> None:
        """The life of a helper."""
        while True:
            self.go[thread - 1].acquire()
            if self.closed:
                return
            self._drain(thread)
            self.done[thread - 1].release()

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        for lock in self.go:
            if lock.locked():  # else that helper has yet to take the last release, and will find the pool closed
                lock.release()
        for helper in self.helpers:
            helper.join()
