"""PyTorch, eager."""

from collections.abc import Callable
from itertools import cycle, pairwise

import torch

from benchmarks.networks import IMAGES

COMPILED = False
VERSIONS = {"torch": torch.__version__, "blas": "MKL" if torch.backends.mkl.is_available() else "other"}


def model(widths: list[int]) -> torch.nn.Sequential:
    """Dense layers with ReLU between them."""
    layers: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def train(widths: list[int], batch: int, optimizer: str, threads: int) -> Callable[[], None]:
    """One step, images gathered from a shuffled order."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    images, labels = torch.rand(IMAGES, 784), torch.randint(10, (IMAGES,))
    network = model(widths)
    parameters = network.parameters()
    if optimizer == "sgd":
        step: torch.optim.Optimizer = torch.optim.SGD(parameters, lr=0.001, momentum=0.9)
    else:
        step = torch.optim.Adam(parameters, lr=0.001)
    loss_of = torch.nn.functional.cross_entropy
    order = torch.randperm(IMAGES)
    batches = cycle(order[: IMAGES - IMAGES % batch].split(batch))

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss_of(network(x), y)

    run = torch.compile(loss) if COMPILED else loss

    def one() -> None:
        rows = next(batches)
        step.zero_grad(set_to_none=True)
        value = run(images[rows], labels[rows])
        value.backward()
        step.step()
        value.item()  # the loss of each step is looked at, as ours is

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
