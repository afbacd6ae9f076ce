"""Starts workers, lets them take turns, and writes what they measured to results/*.json.

    python -m benchmarks.measure [--full] [PART ...]

Parts: training, limit, scaling, inference, memory and deformation, which decide, and with --full also others,
accuracy and growth, or those that are named. Two sides are compared in pairs, A, B, A, B, ...; a ratio is the
median of the pairs' ratios, beside it the smallest and the largest.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import accuracy
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
PAIRS = 5
SECONDS = 0.5  # of one measurement; three runs at least
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SHARDS = 4  # of a batch of 512

Json = dict[str, Any]


class Worker:
    """A worker process of one side, on so many cores."""

    def __init__(self, side: str, cores: int) -> None:
        self.name = f"{side} on {cores}"
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


def paired(a: Worker, b: Worker, task: str, **order: object) -> Json:
    """Both in turns: medians, and the ratio a / b with its spread."""
    pairs = [(a.ask(task, seconds=SECONDS, **order), b.ask(task, seconds=SECONDS, **order)) for _ in range(PAIRS)]
    ratios = sorted(first / second for first, second in pairs)
    return {
        **order,
        "a": a.name,
        "b": b.name,
        "a_rows_per_second": statistics.median(first for first, _ in pairs),
        "b_rows_per_second": statistics.median(second for _, second in pairs),
        "ratio": statistics.median(ratios),
        "ratio_low": ratios[0],
        "ratio_high": ratios[-1],
    }


def measure_training(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(a) Rows per second in training, beside PyTorch eager, on one pinned core and on all."""
    yield from training_beside("pytorch")


def measure_others(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(a) The same beside torch.compile and scikit-learn."""
    yield from training_beside("scikit_learn", "pytorch_compiled")


def training_beside(*others: str) -> Iterator[Json]:
    """Rows per second in training, beside others."""
    for cores in sorted({CORES, 1}, reverse=True):
        for other in others:
            with workers(("ours", cores), (other, cores)) as (ours, theirs):
                for network, widths in NETWORKS.items():
                    for batch in BATCHES:
                        for optimizer in OPTIMIZERS:
                            order = {"widths": widths, "batch": batch, "optimizer": optimizer}
                            yield {"network": network, "cores": cores, **paired(ours, theirs, "train", **order)}


def measure_limit(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(b) Share of the matrix-multiplication limit, measured in the same process."""
    for cores in sorted({CORES, 1}, reverse=True):
        with workers(("ours", cores)) as (ours,):
            for network, widths in NETWORKS.items():
                shares = []
                for _ in range(PAIRS):
                    limit = ours.ask("matrix")
                    rows = ours.ask("train", widths=widths, batch=512, optimizer="sgd", seconds=SECONDS)
                    shares.append((rows * training_flops_per_example(widths) / 1e9 / limit, limit))
                share = sorted(share for share, _ in shares)
                yield {
                    "network": network,
                    "cores": cores,
                    "batch": 512,
                    "optimizer": "sgd",
                    "limit_gflops": statistics.median(limit for _, limit in shares),
                    "share": statistics.median(share),
                    "share_low": share[0],
                    "share_high": share[-1],
                }


def measure_scaling(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(c) All cores against one."""
    if CORES == 1:
        return
    with workers(("ours", CORES), ("ours", 1)) as (many, one):
        for network, widths in NETWORKS.items():
            for batch in BATCHES:
                order = {"widths": widths, "batch": batch, "optimizer": "sgd"}
                yield {"network": network, "cores": CORES, **paired(many, one, "train", **order)}


def measure_inference(*, full: bool) -> Iterator[Json]:
    """(e) Rows per second in inference, beside the others, on all cores."""
    for other in ["pytorch", *(["onnx_runtime", "scikit_learn"] if full else [])]:
        with workers(("ours", CORES), (other, CORES)) as (ours, theirs):
            for network, widths in NETWORKS.items():
                for batch in INFERENCE_BATCHES:
                    order = {"widths": widths, "batch": batch}
                    yield {"network": network, "cores": CORES, **paired(ours, theirs, "predict", **order)}


def measure_memory(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(f) Peak memory of training, in copies of the parameters, beside what it may be."""
    for network, widths in list(NETWORKS.items())[2:]:
        for optimizer in OPTIMIZERS:
            with workers(("ours", CORES)) as (ours,):
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


def measure_deformation(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """What deforming every image adds to the time of a step of 784-1024-1024-10."""
    network = "784-1024-1024-10"
    order = {"widths": NETWORKS[network], "batch": 512, "optimizer": "adam", "seconds": 4 * SECONDS}
    with workers(("ours", CORES), ("ours", CORES)) as (deforming, plain):
        rates = [
            (deforming.ask("train", **order, deformed=True), plain.ask("train", **order)) for _ in range(PAIRS)
        ]
    added = sorted(without / with_it - 1 for with_it, without in rates)
    yield {
        "network": network,
        "batch": 512,
        "optimizer": "adam",
        "cores": CORES,
        "added": statistics.median(added),
        "added_low": added[0],
        "added_high": added[-1],
    }


def measure_accuracy(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(d) Seconds of training to an accuracy on the validation images, with Adam and a constant rate."""
    if accuracy.missing():
        print("accuracy: needs the preprocessed images; run `dvc repro preprocess` first")  # noqa: T201
        return
    network = "784-512-512-10"
    recipe = {"widths": NETWORKS[network], "batch": 128, "rate": 0.001, "epochs": EPOCHS, "targets": TARGETS}
    with workers(("ours", CORES), ("pytorch", CORES), ("scikit_learn", CORES)) as sides:
        runs = [(side.name.split()[0], side.ask("reach", **recipe, seed=seed)) for seed in SEEDS for side in sides]
    for target in TARGETS:
        for side in dict.fromkeys(name for name, _ in runs):
            lines = [line for name, found in runs if name == side for line in found if line["target"] == target]
            times = [(line["seconds"], line["steps"]) for line in lines if line["seconds"] is not None]
            seconds = sorted(second for second, _ in times)
            yield {
                "side": side,
                "network": network,
                "target": target,
                "runs": len(lines),
                "reached": len(times),
                "seconds": statistics.median(seconds) if times else None,
                "seconds_low": seconds[0] if times else None,
                "seconds_high": seconds[-1] if times else None,
                "steps": statistics.median(steps for _, steps in times) if times else None,
                "best": max(line["best"] for line in lines),
            }


def measure_growth(*, full: bool) -> Iterator[Json]:  # noqa: ARG001
    """(g) How the cost of training grows with width, depth and number of images."""
    hidden = [("width", width, [width, width], IMAGES) for width in GROWTH["width"]]
    hidden += [("depth", depth, [512] * depth, IMAGES) for depth in GROWTH["depth"]]
    hidden += [("images", images, [512, 512], images) for images in GROWTH["images"]]
    with workers(("ours", CORES), ("pytorch", CORES)) as (ours, theirs):
        for axis, value, widths, images in hidden:
            order = {"widths": [784, *widths, 10], "batch": 128, "optimizer": "sgd", "images": images}
            yield {"axis": axis, "value": value, "cores": CORES, **paired(ours, theirs, "train", **order)}


DECIDING = {
    "training": measure_training,
    "limit": measure_limit,
    "scaling": measure_scaling,
    "inference": measure_inference,
    "memory": measure_memory,
    "deformation": measure_deformation,
}
PARTS = {**DECIDING, "others": measure_others, "accuracy": measure_accuracy, "growth": measure_growth}


def machine(sides: tuple[str, ...]) -> Json:
    """What the figures were measured on, and with."""
    with workers(*((side, 1) for side in sides)) as started:
        versions = {worker.name.split()[0]: worker.ask("versions") for worker in started}
    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model or platform.processor(),
        "cores": CORES,
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def main() -> None:
    """Measure the parts that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="everything, not the subset that decides")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    RESULTS.mkdir(exist_ok=True)
    for part in options.parts or (PARTS if options.full else DECIDING):
        about = machine(("ours", "pytorch", *(("scikit_learn",) if part == "accuracy" else ())))
        rows = []
        for row in PARTS[part](full=options.full):
            rows.append(row)
            shown = {key: value for key, value in row.items() if key != "widths"}
            line = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items())
            print(f"{part}: {line}", flush=True)  # noqa: T201
            content = {"machine": about, "pairs": PAIRS, "rows": rows}  # at once: an interruption loses nothing
            (RESULTS / f"{part}.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
