"""JAX: a whole step is one function, compiled by XLA; parameters and state are updated where they are."""

from collections.abc import Callable
from functools import partial
from itertools import cycle, pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.networks import IMAGES

VERSIONS = {"jax": jax.__version__, "jaxlib": jax.lib.__version__}
Params = list[tuple[jax.Array, jax.Array]]


def model(widths: list[int]) -> Params:
    """(W, b) of each layer."""
    rng = np.random.default_rng(0)
    return [
        (jnp.asarray(rng.standard_normal((i, o), dtype=np.float32) * (2 / i) ** 0.5), jnp.zeros(o))
        for i, o in pairwise(widths)
    ]


def logits(params: Params, x: jax.Array) -> jax.Array:
    """Dense layers with ReLU between them."""
    for W, b in params[:-1]:
        x = jax.nn.relu(x @ W + b)
    W, b = params[-1]
    return x @ W + b


def loss(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
    """Cross-entropy."""
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits(params, x)), y[:, None], axis=1))


@partial(jax.jit, static_argnames="optimizer", donate_argnums=(0, 1))
def step(
    params: Params, state: Any, images: jax.Array, labels: jax.Array, rows: jax.Array, optimizer: str
) -> tuple[Params, Any, jax.Array]:
    """One step of SGD with momentum 0.9, or of Adam, at a rate of 0.001."""
    value, grads = jax.value_and_grad(loss)(params, images[rows], labels[rows])
    if optimizer == "sgd":
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state, grads)
        return jax.tree.map(lambda p, v: p - 0.001 * v, params, velocity), velocity, value
    t, mean, square = state
    t = t + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, grads)

    def update(p: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return p - 0.001 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return jax.tree.map(update, params, mean, square), (t, mean, square), value


def train(widths: list[int], batch: int, optimizer: str, threads: int, images: int = IMAGES) -> Callable[[], None]:  # noqa: ARG001
    """One step, images gathered from a shuffled order; XLA has a thread for each core that the process may use."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.random((images, widths[0]), dtype=np.float32))
    y = jnp.asarray(rng.integers(10, size=images))
    params = model(widths)
    zeros = [jax.tree.map(jnp.zeros_like, params) for _ in range(2)]
    state = zeros[0] if optimizer == "sgd" else (jnp.zeros(()), *zeros)
    order = rng.permutation(images)
    batches = cycle([jnp.asarray(rows) for rows in order[: images - images % batch].reshape(-1, batch)])
    made = [params, state]

    def one() -> None:
        *made[:], value = step(*made, x, y, next(batches), optimizer)
        value.block_until_ready()
        float(value)  # the loss of each step is looked at, as ours is

    return one
