"""PyTorch, eager."""

from collections.abc import Callable
from itertools import cycle, pairwise

import numpy as np
import torch

from benchmarks.accuracy import Classify, Learn
from benchmarks.networks import IMAGES

COMPILED = FUSED = False
VERSIONS = {"torch": torch.__version__, "blas": "MKL" if torch.backends.mkl.is_available() else "other"}


def model(widths: list[int]) -> torch.nn.Sequential:
    """Dense layers with ReLU between them."""
    layers: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def optimizer_of(network: torch.nn.Module, optimizer: str, rate: float = 0.001) -> torch.optim.Optimizer:
    """SGD with momentum, or Adam."""
    if optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, fused=FUSED)
    return torch.optim.Adam(network.parameters(), lr=rate, fused=FUSED)


def stepper(
    network: torch.nn.Module, step: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor
) -> Callable[[torch.Tensor], None]:
    """A function that makes one step with the images at these positions."""

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(network(x), y)

    run = torch.compile(loss) if COMPILED else loss

    def one(rows: torch.Tensor) -> None:
        step.zero_grad(set_to_none=True)
        value = run(images[rows], labels[rows])
        value.backward()
        step.step()
        value.item()  # the loss of each step is looked at, as ours is

    return one


def train(widths: list[int], batch: int, optimizer: str, threads: int, images: int = IMAGES) -> Callable[[], None]:
    """One step, images gathered from a shuffled order."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = model(widths)
    one = stepper(network, optimizer_of(network, optimizer), torch.rand(images, 784), torch.randint(10, (images,)))
    order = torch.randperm(images)
    batches = cycle(order[: images - images % batch].split(batch))
    return lambda: one(next(batches))


def learner(
    *,
    widths: list[int],
    batch: int,  # noqa: ARG001
    rate: float,
    seed: int,
    threads: int,
    images: np.ndarray,
    labels: np.ndarray,
) -> tuple[Learn, Classify]:
    """Adam with a constant rate."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    network = model(widths)
    one = stepper(
        network,
        optimizer_of(network, "adam", rate),
        torch.from_numpy(images),
        torch.from_numpy(labels.astype(np.int64)),
    )

    def learn(batches: list[np.ndarray]) -> None:
        for chosen in batches:
            one(torch.from_numpy(chosen))

    def classify(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            found: np.ndarray = network(torch.from_numpy(x)).argmax(dim=1).numpy()
        return found

    return learn, classify


def products(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """The matrix products of a step, and nothing else."""
    torch.set_num_threads(threads)
    layers = [(torch.rand(batch, i), torch.rand(o, i), torch.rand(batch, o)) for i, o in pairwise(widths)]
    outs = [(torch.empty(batch, o), torch.empty(batch, i), torch.empty(o, i)) for i, o in pairwise(widths)]

    def one() -> None:
        with torch.inference_mode():
            for number, ((x, W, dy), (y, dx, dW)) in enumerate(zip(layers, outs, strict=True)):
                torch.mm(x, W.T, out=y)
                torch.mm(dy.T, x, out=dW)
                if number:
                    torch.mm(dy, W, out=dx)

    return one


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Logits of one batch."""
    torch.set_num_threads(threads)
    network = model(widths).eval()
    images = torch.rand(batch, 784)

    def one() -> None:
        with torch.inference_mode():
            network(images)

    return one
