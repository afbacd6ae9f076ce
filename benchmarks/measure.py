"""Starts workers, lets them take turns, and writes what they measured to results/KIND-OF-CPU/*.json.

    python -m benchmarks.measure [--full] [PART ...]

Parts: recipe, training, limit, scaling, inference, memory and deformation, which decide, and with --full also
one_core, others, other_inference, accuracy and growth, or those that are named. Sides take turns, A, B, C, A, B,
C, ...; a ratio is the median of the ratios of the rounds, beside it the smallest and the largest. Ours is measured
with the kernel of OpenBLAS that is the fastest here, `haswell` (pinned, the default) or `auto`; recipe and --full
measure both.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import accuracy, machine
from benchmarks.machine import CORES
from benchmarks.networks import (
    BATCHES,
    EPOCHS,
    GROWTH,
    IMAGES,
    INFERENCE_BATCHES,
    NETWORKS,
    OPTIMIZERS,
    SEEDS,
    TARGETS,
    training_flops_per_example,
    weights,
)

RESULTS = Path(__file__).parent / "results"
ROUNDS = 5
SECONDS = 0.4  # of one measurement; three runs at least
SHARDS = 4  # of a batch of 512
OURS = ("ours", "ours_auto")

Json = dict[str, Any]


class Worker:
    """A worker process of one side, on so many cores."""

    def __init__(self, side: str, cores: int) -> None:
        self.side, self.name = side, f"{side} on {cores}"
        command = [sys.executable, "-m", "benchmarks.worker", side, str(cores)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, task: str, **order: object) -> Any:
        """Let it carry out one order."""
        assert self.process.stdin is not None  # noqa: S101
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(json.dumps({"task": task, **order}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the worker {self.name} ended without an answer")
        return json.loads(answer)

    def end(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def workers(*wanted: tuple[str, int]) -> Iterator[list[Worker]]:
    """Workers for these sides and cores, which end with the block."""
    with ExitStack() as stack:
        started = []
        for side, cores in wanted:
            worker = Worker(side, cores)
            stack.callback(worker.end)
            started.append(worker)
        yield started


def in_turns(sides: list[Worker], task: str, **order: object) -> list[list[float]]:
    """What each side measured, round by round."""
    rounds = [[side.ask(task, seconds=SECONDS, **order) for side in sides] for _ in range(ROUNDS)]
    return [list(found) for found in zip(*rounds, strict=True)]


def spread(name: str, values: list[float]) -> Json:
    """A median, and the smallest and the largest."""
    return {name: statistics.median(values), f"{name}_low": min(values), f"{name}_high": max(values)}


def ratios(a: list[float], b: list[float]) -> list[float]:
    """Round by round."""
    return [first / second for first, second in zip(a, b, strict=True)]


def beside(sides: list[Worker], task: str, **order: object) -> Iterator[Json]:
    """The first side beside each of the others."""
    ours, *others = in_turns(sides, task, **order)
    for other, found in zip(sides[1:], others, strict=True):
        yield {
            **order,
            "a": sides[0].name,
            "b": other.name,
            "a_rows_per_second": statistics.median(ours),
            "b_rows_per_second": statistics.median(found),
            **spread("ratio", ratios(ours, found)),
        }


def best_kernel() -> str:
    """Which of OURS multiplies matrices faster here: auto, if it is at least 3 % faster than the pinned one."""
    with workers(*((side, 1) for side in OURS)) as sides:
        rates = [[side.ask("matrix") for side in sides] for _ in range(3)]
    pinned, auto = (statistics.median(found) for found in zip(*rates, strict=True))
    return OURS[auto > 1.03 * pinned]


def measure_recipe(best: str) -> Iterator[Json]:  # noqa: ARG001
    """Milliseconds a step like those of the committed recipe, with either kernel, on one core and on all."""
    cores = sorted({1, CORES})
    with workers(*((side, number) for side in OURS for number in cores)) as sides:
        found = in_turns(sides, "recipe")
        for side, rates in zip(sides, found, strict=True):
            yield {"side": side.name, **spread("milliseconds", [1000 / rate for rate in rates])}
        if CORES > 1:
            for side, one, many in zip(OURS, found[::2], found[1::2], strict=True):
                yield {"side": f"{side}: {CORES} cores / one", **spread("ratio", ratios(many, one))}
        pinned, auto = found[len(cores) - 1], found[-1]
        yield {"side": f"auto / haswell, {CORES} cores", **spread("ratio", ratios(auto, pinned))}


def measure_training(best: str) -> Iterator[Json]:
    """Rows per second in training, beside PyTorch, PyTorch with fused optimizers and JAX, on all cores.

    Beside PyTorch, products is the ratio of the matrix products of a step alone, by NumPy and by PyTorch.
    """
    yield from training_beside(CORES, best, "pytorch", "pytorch_fused", "jax_jitted")


def measure_one_core(best: str) -> Iterator[Json]:
    """The same on one pinned core."""
    yield from training_beside(1, best, "pytorch", "pytorch_fused", "jax_jitted")


def measure_others(best: str) -> Iterator[Json]:
    """The same on all cores, beside the other kernel, torch.compile and scikit-learn."""
    yield from training_beside(CORES, best, other_kernel(best), "pytorch_compiled", "scikit_learn")


def training_beside(cores: int, *sides: str) -> Iterator[Json]:
    """Rows per second in training, of the first side beside the others."""
    with workers(*((side, cores) for side in sides)) as started:
        for network, widths in NETWORKS.items():
            for batch in BATCHES:
                products = products_ratio(started, widths, batch)
                for optimizer in OPTIMIZERS:
                    order = {"widths": widths, "batch": batch, "optimizer": optimizer}
                    for row in beside(started, "train", **order):
                        extra = {"products": products} if row["b"].startswith("pytorch on") else {}
                        yield {"network": network, "cores": cores, **row, **extra}


def products_ratio(sides: list[Worker], widths: list[int], batch: int) -> float | None:
    """How much faster NumPy is than PyTorch with nothing but the products of a step."""
    pair = [side for side in sides if side.side in (*OURS, "pytorch")]
    if [side.side for side in pair[1:]] != ["pytorch"]:
        return None
    return statistics.median(ratios(*in_turns(pair, "products", widths=widths, batch=batch)))


def measure_limit(best: str) -> Iterator[Json]:
    """Share of the matrix-multiplication limit, measured in the same process."""
    for cores in sorted({CORES, 1}, reverse=True):
        with workers((best, cores)) as (ours,):
            for network, widths in NETWORKS.items():
                shares, limits = [], []
                for _ in range(ROUNDS):
                    limits.append(ours.ask("matrix"))
                    rows = ours.ask("train", widths=widths, batch=512, optimizer="sgd", seconds=SECONDS)
                    shares.append(rows * training_flops_per_example(widths) / 1e9 / limits[-1])
                where = {"network": network, "cores": cores, "batch": 512, "optimizer": "sgd"}
                yield {**where, "limit_gflops": statistics.median(limits), **spread("share", shares)}


def measure_scaling(best: str) -> Iterator[Json]:
    """All cores against one."""
    if CORES == 1:
        return
    with workers((best, CORES), (best, 1)) as sides:
        for network, widths in NETWORKS.items():
            for batch in BATCHES:
                for row in beside(sides, "train", widths=widths, batch=batch, optimizer="sgd"):
                    yield {"network": network, "cores": CORES, **row}


def measure_inference(best: str) -> Iterator[Json]:
    """Rows per second in inference, beside PyTorch, on all cores."""
    yield from inference_beside(best, "pytorch")


def measure_other_inference(best: str) -> Iterator[Json]:
    """The same beside the other kernel, onnxruntime and scikit-learn."""
    yield from inference_beside(best, other_kernel(best), "onnx_runtime", "scikit_learn")


def inference_beside(*sides: str) -> Iterator[Json]:
    """Rows per second in inference, of the first side beside the others, on all cores."""
    with workers(*((side, CORES) for side in sides)) as started:
        for network, widths in NETWORKS.items():
            for batch in INFERENCE_BATCHES:
                for row in beside(started, "predict", widths=widths, batch=batch):
                    yield {"network": network, "cores": CORES, **row}


def other_kernel(best: str) -> str:
    """The one of OURS that is not the best."""
    return next(side for side in OURS if side != best)


def measure_memory(best: str) -> Iterator[Json]:
    """Peak memory of training, in copies of the parameters, beside what it may be."""
    for network, widths in list(NETWORKS.items())[2:]:
        for optimizer in OPTIMIZERS:
            with workers((best, CORES)) as (ours,):
                batch = 512
                found = ours.ask("memory", widths=widths, batch=batch, optimizer=optimizer)
            parameters = 4 * (weights(widths) + sum(widths[1:]))
            activations = 4 * batch * (sum(widths) + sum(widths[1:]))
            # The images of this benchmark are made, not mapped: they do not count.
            used = found["after"] - found["before"] - 4 * 784 * IMAGES
            yield {
                "network": network,
                "optimizer": optimizer,
                "batch": batch,
                "bytes": used,
                "allowed": (6 + SHARDS) * parameters + activations + 64_000_000,
            }


def measure_deformation(best: str) -> Iterator[Json]:
    """What deforming every image adds to the time of a step of 784-1024-1024-10."""
    network = "784-1024-1024-10"
    order = {"widths": NETWORKS[network], "batch": 512, "optimizer": "adam", "seconds": 4 * SECONDS}
    with workers((best, CORES), (best, CORES)) as (deforming, plain):
        rates = [
            (plain.ask("train", **order), deforming.ask("train", **order, deformed=True)) for _ in range(ROUNDS)
        ]
    added = [without / with_it - 1 for without, with_it in rates]
    yield {"network": network, "batch": 512, "optimizer": "adam", "cores": CORES, **spread("added", added)}


def measure_accuracy(best: str) -> Iterator[Json]:
    """Seconds of training to an accuracy on the validation images, with Adam and a constant rate."""
    if accuracy.missing():
        print("accuracy: needs the preprocessed images; run `dvc repro preprocess` first")  # noqa: T201
        return
    network = "784-512-512-10"
    recipe = {"widths": NETWORKS[network], "batch": 128, "rate": 0.001, "epochs": EPOCHS, "targets": TARGETS}
    with workers((best, CORES), ("pytorch", CORES), ("scikit_learn", CORES)) as sides:
        runs = [(side.side, side.ask("reach", **recipe, seed=seed)) for seed in SEEDS for side in sides]
    for target in TARGETS:
        for side in dict.fromkeys(name for name, _ in runs):
            lines = [line for name, found in runs if name == side for line in found if line["target"] == target]
            times = [(line["seconds"], line["steps"]) for line in lines if line["seconds"] is not None]
            yield {
                "side": side,
                "network": network,
                "target": target,
                "runs": len(lines),
                "reached": len(times),
                **(spread("seconds", [seconds for seconds, _ in times]) if times else {}),
                "steps": statistics.median(steps for _, steps in times) if times else None,
                "best": max(line["best"] for line in lines),
            }


def measure_growth(best: str) -> Iterator[Json]:
    """How the cost of training grows with width, depth and number of images."""
    hidden = [("width", width, [width, width], IMAGES) for width in GROWTH["width"]]
    hidden += [("depth", depth, [512] * depth, IMAGES) for depth in GROWTH["depth"]]
    hidden += [("images", images, [512, 512], images) for images in GROWTH["images"]]
    with workers((best, CORES), ("pytorch", CORES)) as sides:
        for axis, value, widths, images in hidden:
            order = {"widths": [784, *widths, 10], "batch": 128, "optimizer": "sgd", "images": images}
            for row in beside(sides, "train", **order):
                yield {"axis": axis, "value": value, "cores": CORES, **row}


DECIDING: dict[str, Callable[[str], Iterator[Json]]] = {
    "recipe": measure_recipe,
    "training": measure_training,
    "limit": measure_limit,
    "scaling": measure_scaling,
    "inference": measure_inference,
    "memory": measure_memory,
    "deformation": measure_deformation,
}
PARTS = {
    **DECIDING,
    "one_core": measure_one_core,
    "others": measure_others,
    "other_inference": measure_other_inference,
    "accuracy": measure_accuracy,
    "growth": measure_growth,
}


def versions(*sides: str) -> dict[str, dict[str, str]]:
    """What the sides are measured with."""
    with workers(*((side, 1) for side in sides)) as started:
        return {worker.side: worker.ask("versions") for worker in started}


def main() -> None:
    """Measure the parts that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="everything, not the subset that decides")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    folder = RESULTS / machine.kind()
    folder.mkdir(parents=True, exist_ok=True)
    best = best_kernel()
    about = machine.about(versions(best, "pytorch", "jax_jitted", "scikit_learn", "onnx_runtime"))
    about["kernel"] = "haswell, pinned" if best == "ours" else "auto"
    for part in options.parts or (PARTS if options.full else DECIDING):
        rows = []
        for row in PARTS[part](best):
            rows.append(row)
            shown = {key: value for key, value in row.items() if key != "widths"}
            line = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items())
            print(f"{part}: {line}", flush=True)  # noqa: T201
            content = {"machine": about, "rounds": ROUNDS, "rows": rows}  # at once: an interruption loses nothing
            (folder / f"{part}.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
