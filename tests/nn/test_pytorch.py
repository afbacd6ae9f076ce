"""Against the numbers of PyTorch, which tests/nn/pytorch/make.py has stored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.activations import GELU, ReLU
from nn.layers import Dense
from nn.network import Network
from nn.normalization import LayerNorm
from nn.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop
from nn.parallel import WorkerPool
from nn.training import Trainer

NUMBERS = np.load(Path(__file__).with_name("pytorch") / "numbers.npz")

OPTIMIZERS: dict[str, tuple[type[Optimizer], dict[str, Any], dict[str, Any]]] = {
    "sgd": (SGD, {}, {}),
    "momentum": (Momentum, {"momentum": 0.9}, {}),
    "momentum_clipped": (Momentum, {"momentum": 0.9}, {"clip_norm": 0.5}),
    "momentum_l2": (Momentum, {"momentum": 0.9, "weight_decay": 0.05}, {}),
    "nesterov": (Nesterov, {"momentum": 0.9}, {}),
    "rmsprop": (RMSprop, {"decay": 0.99}, {}),
    "adam": (Adam, {}, {}),
    "adam_smoothed": (Adam, {}, {"smoothing": 0.1}),
    "adamw": (AdamW, {"beta2": 0.99, "weight_decay": 0.05}, {}),
}


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_of_each_optimizer_are_those_of_pytorch(name, steps):
    kind, options, settings = OPTIMIZERS[name]
    layers = [Dense(12, 16, 1), ReLU(), Dense(16, 8, 1), LayerNorm(8), GELU(), Dense(8, 5, 1)]
    network = Network(layers, 12, rows=20, shards=3, dtype=np.float64)
    network.params[:] = NUMBERS["start"]
    optimizer = kind(network.params, network.grads, network.n_weights, **options)
    images, labels = NUMBERS["images"].reshape(-1, 12), NUMBERS["labels"].reshape(-1)
    with WorkerPool(2) as pool:
        trainer = Trainer(network, optimizer, images, labels, pool=pool, **settings)
        for step in range(steps):
            trainer.step(np.arange(20 * step, 20 * (step + 1)), 0.01)
    # PyTorch clips to limit / (norm + 1e-6), and sums in another order.
    rtol, atol = (1e-3, 1e-6) if name == "momentum_clipped" else (1e-7, 1e-9)
    np.testing.assert_allclose(network.params, NUMBERS[f"{name}_{steps}"], rtol=rtol, atol=atol)
