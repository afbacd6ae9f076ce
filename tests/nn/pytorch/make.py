"""What PyTorch computes, for tests that do not need PyTorch: run where it is installed, from the project's root.

    python tests/nn/pytorch/make.py

Writes numbers.npz beside this file: the weights, images and labels of a small network, and its parameters after
one step and after 50 steps of each optimizer, in float64, in the order of our flat vector.
"""

from pathlib import Path

import numpy as np
import torch

WIDTHS = (12, 16, 8, 5)
ROWS, STEPS, RATE = 20, 50, 0.01
DECAY = 0.05


def main() -> None:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    images, labels = torch.randn(STEPS, ROWS, WIDTHS[0]), torch.randint(WIDTHS[-1], (STEPS, ROWS))
    start = network().state_dict()
    numbers = {"images": images.numpy(), "labels": labels.numpy().astype(np.uint8)}
    for name, make in OPTIMIZERS.items():
        model = network()
        model.load_state_dict(start)
        weights = [p for p in model.parameters() if p.ndim == 2]
        offsets = [p for p in model.parameters() if p.ndim == 1]
        numbers["start"] = flat(model)
        optimizer = make(weights, offsets)
        loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1 if name == "adam_smoothed" else 0.0)
        for step in range(STEPS):
            optimizer.zero_grad()
            loss_of(model(images[step]), labels[step]).backward()
            if name == "momentum_clipped":
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            if step == 0:
                numbers[f"{name}_1"] = flat(model)
        numbers[f"{name}_{STEPS}"] = flat(model)
    np.savez(Path(__file__).with_name("numbers.npz"), **numbers)


def network() -> torch.nn.Sequential:
    """Dense and ReLU, and GELU and LayerNorm before the last layer."""
    a, b, c, d = WIDTHS
    linear = torch.nn.Linear
    return torch.nn.Sequential(
        linear(a, b),
        torch.nn.ReLU(),
        linear(b, c),
        torch.nn.LayerNorm(c),
        torch.nn.GELU(approximate="tanh"),
        linear(c, d),
    )


def flat(model: torch.nn.Module) -> np.ndarray:
    """All weights as (in, out), then all biases and gains, as our flat vector has them."""
    parameters = [p.detach().numpy() for p in model.parameters()]
    weights = [p.T.ravel() for p in parameters if p.ndim == 2]
    return np.concatenate([*weights, *[p for p in parameters if p.ndim == 1]])


OPTIMIZERS = {
    "sgd": lambda w, b: torch.optim.SGD([*w, *b], lr=RATE),
    "momentum": lambda w, b: torch.optim.SGD([*w, *b], lr=RATE, momentum=0.9),
    "momentum_clipped": lambda w, b: torch.optim.SGD([*w, *b], lr=RATE, momentum=0.9),
    "momentum_l2": lambda w, b: torch.optim.SGD(
        [{"params": w, "weight_decay": DECAY}, {"params": b}], lr=RATE, momentum=0.9
    ),
    "nesterov": lambda w, b: torch.optim.SGD([*w, *b], lr=RATE, momentum=0.9, nesterov=True),
    "rmsprop": lambda w, b: torch.optim.RMSprop([*w, *b], lr=RATE, alpha=0.99, eps=1e-8),
    "adam": lambda w, b: torch.optim.Adam([*w, *b], lr=RATE, betas=(0.9, 0.999), eps=1e-8),
    "adam_smoothed": lambda w, b: torch.optim.Adam([*w, *b], lr=RATE, betas=(0.9, 0.999), eps=1e-8),
    "adamw": lambda w, b: torch.optim.AdamW(
        [{"params": w, "weight_decay": DECAY}, {"params": b, "weight_decay": 0.0}], lr=RATE, betas=(0.9, 0.99)
    ),
}

if __name__ == "__main__":
    main()
