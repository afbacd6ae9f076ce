"""Prediction: the logits of any number of rows, on all cores, the same bits on any number of them."""

from functools import partial

import numpy as np

from nn.flat import Array, slices, split
from nn.layers import Dense, Layer
from nn.network import BLOCK_WORK, Network
from nn.parallel import Task, WorkerPool

ROWS_OF_A_PART = 50  # fewer make slow products, and the columns of W are shared out instead


def predict(network: Network, x: Array, team: WorkerPool) -> Array:
    """Logits (n, classes) of any number of rows x (n, inputs), computed `network.rows` at a time."""
    logits: Array = np.empty((len(x), network.outputs), network.params.dtype)
    first = network.layers[0]
    try:
        for rows in slices(len(x), network.rows):
            first.x = x[rows]  # read where it is, not copied
            n = rows.stop - rows.start
            if n == 1 or 2 * n * network.decayed < BLOCK_WORK / 2:  # less than a hand-over to another thread costs
                network.forward(slice(0, n))
            elif n < 2 * ROWS_OF_A_PART:
                forward_by_columns(network, n, team)
            else:
                forward_by_rows(network, n, team)
            logits[rows] = network.logits[:n]
    finally:
        first.x = network.x
    return logits


def forward_by_rows(network: Network, n: int, team: WorkerPool) -> None:
    """Logits of the first n rows, in parts that go through all layers side by side."""
    parts = split(n, min(network.parts, n // ROWS_OF_A_PART))

    def go(number: int, member: int) -> None:  # noqa: ARG001 (needs no scratch)
        network.forward(parts[number], number)

    tasks: list[Task] = [partial(go, number) for number in range(len(parts))]
    if 2 * n * network.decayed < BLOCK_WORK:  # over before another thread has woken up
        for task in tasks:
            team.run([task])
    else:
        team.run(tasks)


def forward_by_columns(network: Network, n: int, team: WorkerPool) -> None:
    """Logits of the first n rows, layer by layer, the outputs of a large Dense layer in blocks side by side."""
    rows = slice(0, n)
    for layer in network.layers:
        if isinstance(layer, Dense) and len(blocks := column_blocks(layer, n, network.parts)) > 1:
            team.run([partial(forward_columns, layer, rows, block) for block in blocks])
        else:
            team.run([partial(forward_whole, layer, rows)])


def column_blocks(layer: Dense, n: int, parts: int) -> list[slice]:
    """The outputs of a layer in as many blocks as there is work for, at most `parts`; threads do not matter."""
    if n == 1:  # the product with one row waits for the memory, not for a core
        return []
    work = 2 * layer.inputs * layer.outputs * n
    return split(layer.outputs, max(1, min(parts, round(2 * work / BLOCK_WORK))))


def forward_whole(layer: Layer, rows: slice, member: int) -> None:  # noqa: ARG001
    """All outputs of a layer."""
    layer.forward(rows, 0)


def forward_columns(layer: Dense, rows: slice, columns: slice, member: int) -> None:  # noqa: ARG001
    """y[rows, columns] of a Dense layer."""
    y = layer.y[rows, columns]
    np.matmul(layer.x[rows], layer.W[:, columns], out=y)
    y += layer.b[columns]
