"""A team of threads that works through tasks together, so that all cores have a share of everything.

NumPy lets go of the interpreter's lock inside its products and element-wise functions, so threads run side by
side there. Which thread does which task is left to chance; what comes out must not depend on it: the tasks of
one round write to different places and read nothing that another of them writes.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import TracebackType

import numpy as np
from threadpoolctl import threadpool_limits

Task = Callable[[int], None]
"""Something to do; it is told which member of the team does it, 0 to threads - 1, to use that one's scratch."""


MAX_THREADS = 256
MIN_PARALLEL_FLOPS = 40e6  # floating-point operations: less is done by one before another has woken up


def default_shards(batch: int, work: float) -> int:
    """How many parts for batches of so many rows and floating-point operations.

    One where there is little work; else one for 64 rows, but two at least, for the sake of two cores, and four at
    most, because many small products are slower than few large ones.
    """
    return 1 if work <= MIN_PARALLEL_FLOPS else min(max(batch // 64, 2), 4)


def default_threads(parts: int, work: float = float("inf")) -> int:
    """How many threads for rounds of so many parts and floating-point operations.

    The smaller of cores and parts, one where there is little work, and NETWORK_THREADS of the environment instead
    of all that where it is set. Never changes a bit of what is computed.
    """
    wanted = os.environ.get("NETWORK_THREADS", "")
    if wanted:
        if not (wanted.isdecimal() and 0 < int(wanted) <= MAX_THREADS):
            raise ValueError(f"NETWORK_THREADS is {wanted!r}: should be a whole number, 1 to {MAX_THREADS}")
        return int(wanted)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, parts) if work > MIN_PARALLEL_FLOPS else 1


class WorkerPool:
    """`threads` threads, the caller among them, each with a single thread of BLAS.

    Used as a context: NumPy warns of no number inside; the threads end with it, and BLAS gets back its threads.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.tasks: Sequence[Task] | None = ()
        self.numbers: Iterator[int] = count()
        self.busy = False
        self.error: BaseException | None = None
        # A lock that is held is a door that is closed: each helper waits at its `go`, the caller at its `done`.
        self.go = [threading.Lock() for _ in range(threads - 1)]
        self.done = [threading.Lock() for _ in range(threads - 1)]
        for lock in (*self.go, *self.done):
            lock.acquire()
        self.helpers = [
            threading.Thread(target=self.serve, args=(member,), daemon=True) for member in range(1, threads)
        ]
        for helper in self.helpers:
            helper.start()

    def run(self, tasks: Sequence[Task]) -> None:
        """Do all tasks; returns when the last is done, raises what one of them raised; the others are left then.

        Raises RuntimeError in a round within a round, or after one that was interrupted.
        """
        if self.busy:
            raise RuntimeError("a round within a round, or after one that was interrupted")
        self.busy = True
        if self.threads == 1 or len(tasks) == 1:
            try:
                for task in tasks:
                    task(0)
            finally:
                self.busy = False
            return
        self.tasks, self.numbers = tasks, count()
        for lock in self.go:
            lock.release()
        self.work(0)
        for lock in self.done:
            lock.acquire()
        self.busy = False
        if self.error is not None:
            error, self.error = self.error, None
            try:
                raise error
            finally:
                del error  # or it would hold this frame, and this frame the arrays of the tasks

    def work(self, member: int) -> None:
        """Take the next task that nobody has taken, until none is left."""
        tasks = self.tasks or ()
        try:
            while (number := next(self.numbers, len(tasks))) < len(tasks):
                tasks[number](member)
        except BaseException as error:  # noqa: BLE001 (it goes to the caller)
            self.error = error
            self.numbers = iter(())

    def serve(self, member: int) -> None:
        """The life of a helper."""
        with np.errstate(all="ignore"):  # as in __enter__
            while True:
                self.go[member - 1].acquire()
                if self.tasks is None:
                    return
                self.work(member)
                self.done[member - 1].release()

    def __enter__(self) -> "WorkerPool":
        # The number of threads inside BLAS changes the order of its sums, and with it the bits: so it has one.
        self.blas = threadpool_limits(limits=1, user_api="blas")
        # Numbers that are not finite are looked for where they matter, and said once: no warnings from here. It is
        # done once for the block, because to do it twice a step takes a hundredth of a short one.
        self.silence = np.errstate(all="ignore")
        self.silence.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.silence.__exit__(kind, error, trace)
        self.tasks = None
        for lock in self.go:
            if lock.locked():  # else that helper has yet to take the last release, and will find no tasks
                lock.release()
        for helper in self.helpers:
            helper.join()
        self.blas.restore_original_limits()
