"""A process that holds one side and measures when it is told to: a line of JSON in, a line of JSON out.

    python -m benchmarks.worker SIDE CORES

SIDE is a module of sides/, or ours_auto: ours with the kernel of OpenBLAS that it finds itself. One side a
process, because libraries of threads disturb each other; and a process that waits costs nothing, so that they can
take turns.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

QUIET = 0.5  # seconds: OpenBLAS's threads go on looking for work for a while, on the cores that others want


def main() -> None:
    """Serve until standard input ends."""
    side, cores = sys.argv[1], int(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:cores]))
    # As the stages do it for `blas_kernel: haswell`, and for `auto`.
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if not side.endswith("_auto"):
        os.environ["OPENBLAS_CORETYPE"] = "Haswell"
    module = importlib.import_module(f"benchmarks.sides.{side.removesuffix('_auto')}")
    made: dict[str, Callable[[], None]] = {}
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        answer = serve(module, cores, order, made)
        print(json.dumps(answer), flush=True)  # noqa: T201


def serve(module: Any, cores: int, order: dict[str, Any], made: dict[str, Callable[[], None]]) -> Any:
    """Carry out one order."""
    match order.pop("task"):
        case "versions":
            return module.VERSIONS
        case "matrix":
            return matrix_rate(cores)
        case "memory":
            before = peak_memory()
            run = module.train(**order, threads=cores)
            for _ in range(5):
                run()
            return {"before": before, "after": peak_memory()}
        case "reach":
            from benchmarks.accuracy import reach  # noqa: PLC0415 (imports NumPy, which has to wait for the kernel)

            return reach(module.learner, threads=cores, **order)
        case ("train" | "predict" | "products" | "recipe") as task:
            seconds = order.pop("seconds")
            key = json.dumps([task, order])
            if key not in made:
                made.clear()
                made[key] = getattr(module, task)(**order, threads=cores)
                for _ in range(3):
                    made[key]()
            found = order.get("batch", 1) * rate(made[key], seconds)
            if task == "products":
                time.sleep(QUIET)
            return found


def rate(run: Callable[[], None], seconds: float, fewest: int = 3) -> float:
    """How often a second."""
    times, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds or times < fewest:
        run()
        times += 1
    return times / spent


def matrix_rate(cores: int) -> float:
    """GFLOP/s of a product of 2048 x 2048 matrices, with as many BLAS threads as cores."""
    import numpy as np  # noqa: PLC0415 (a worker of another side need not have it)
    import threadpoolctl  # noqa: PLC0415

    rng = np.random.default_rng(0)
    a, b = rng.random((2, 2048, 2048), dtype=np.float32)
    out = np.empty_like(a)
    with threadpoolctl.threadpool_limits(limits=cores, user_api="blas"):
        np.matmul(a, b, out=out)
        found = 2 * 2048**3 * rate(lambda: np.matmul(a, b, out=out), 0.5) / 1e9
    time.sleep(QUIET)
    return found


def peak_memory() -> int:
    """Bytes of the largest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
