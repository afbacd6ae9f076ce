"""How long it takes to an accuracy on the validation images: the same recipe for every side.

The preprocessed images of this project, Adam with a constant rate and nothing else, the same batches in the same
order. Each side begins with the weights of its own custom. Only training is timed, not evaluation.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PREPROCESSED = Path(__file__).parents[1] / "data/preprocessed"
FILES = [f"{part}_{kind}.npy" for part in ("train", "validation") for kind in ("images", "labels")]
EVERY = 50  # steps between two evaluations on the validation images

Learn = Callable[[list[np.ndarray]], None]  # one step for each of these batches, given by positions
Classify = Callable[[np.ndarray], np.ndarray]  # the classes of images


def missing() -> bool:
    """Whether there are no preprocessed images."""
    return not all((PREPROCESSED / name).exists() for name in FILES)


def data() -> list[np.ndarray]:
    """Images and labels for training, images and labels for validation."""
    return [np.load(PREPROCESSED / name, allow_pickle=False) for name in FILES]


def batches(images: int, batch: int, seed: int) -> Iterator[np.ndarray]:
    """Batches without end, every epoch in a new order; the rest that fills no batch is left out."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(images)
        yield from order[: images - images % batch].reshape(-1, batch)


def reach(
    learner: Callable[..., tuple[Learn, Classify]],
    *,
    batch: int,
    targets: list[float],
    epochs: int,
    seed: int,
    **options: Any,
) -> list[dict[str, Any]]:
    """For each target: seconds of training and steps until the accuracy was first that; None if it never was."""
    images, labels, validation_images, validation_labels = data()
    learn, classify = learner(images=images, labels=labels, batch=batch, seed=seed, **options)
    found: list[dict[str, Any]] = [{"target": target, "seconds": None, "steps": None} for target in targets]
    order = batches(len(images), batch, seed)
    spent, best = 0.0, 0.0
    for steps in range(EVERY, epochs * (len(images) // batch) + 1, EVERY):
        chosen = [next(order) for _ in range(EVERY)]
        start = time.perf_counter()
        learn(chosen)
        spent += time.perf_counter() - start
        best = max(best, float(np.mean(classify(validation_images) == validation_labels)))
        for line in found:
            if line["seconds"] is None and best >= line["target"]:
                line["seconds"], line["steps"] = spent, steps
        if best >= max(targets):
            break
    return [line | {"best": best} for line in found]
