"""The parameters of a network in blocks: the pieces in which all cores compute gradients and update parameters."""

from collections.abc import Iterator
from dataclasses import dataclass

from nn.flat import split
from nn.network import Network

BLOCK = 2**18  # numbers: the products of smaller ones are slower, larger ones cannot be shared out evenly
PIECE = 2**17  # numbers: what the optimizer needs of so many stays in a core's cache from one pass to the next
MIN_BLOCK_FLOPS = 10e6  # floating-point operations: a block of less is not worth a core of its own


@dataclass(frozen=True)
class Block:
    """Parameters that lie side by side: rows of the weights of one layer or several, all biases, or both."""

    params: slice  # where they are in the flat vectors
    weights: tuple[tuple[int, slice], ...] = ()  # numbers of layers, and which rows of their weights
    biases: bool = False  # and the other parameters without weight decay, of all layers
    flops: float = 0.0  # floating-point operations that the gradient takes

    def pieces(self) -> list[slice]:
        """The parameters, cut for the optimizer."""
        start, stop = self.params.start, self.params.stop
        return [slice(at, min(at + PIECE, stop)) for at in range(start, stop, PIECE)]

    def __add__(self, other: "Block") -> "Block":
        """One block of two, of which the other lies behind this."""
        params = slice(self.params.start, other.params.stop)
        return Block(params, self.weights + other.weights, other.biases, self.flops + other.flops)


def parameter_blocks(network: Network) -> list[Block]:
    """The parameters in blocks: at most about BLOCK weights each, and last all biases.

    A layer has as many blocks as the batch has shards, if there is work for them, so that no core is idle; the
    first layer has half a block more.
    Neighbors with little work are one block: a call of NumPy on 100,000 numbers is cheaper than three.
    """
    found: list[Block] = []
    for block in unmerged_blocks(network):
        if (
            found
            and found[-1].flops < MIN_BLOCK_FLOPS
            and block.params.stop - found[-1].params.start < 1.5 * BLOCK
        ):
            found[-1] += block
        else:
            found.append(block)
    return found


def staggered(n: int, blocks: int) -> list[slice]:
    """0 to n, at least 2 blocks + 1, cut in so many slices of one length, after one of half that length.

    Two threads that begin with it and with the next do not come to the optimizer at the same time: its short calls
    would wait for each other at the interpreter's lock.
    """
    halves = split(n, 2 * blocks + 1)
    return halves[:1] + [slice(a.start, b.stop) for a, b in zip(halves[1::2], halves[2::2], strict=True)]


def unmerged_blocks(network: Network) -> Iterator[Block]:
    """The parameters in blocks, before neighbors become one."""
    start = 0
    for number, layer in enumerate(network.layers):
        for inputs, outputs in (shape for shape in layer.shapes if len(shape) == 2):
            flops = 2 * inputs * outputs * network.rows
            blocks = max(1, round(inputs * outputs / BLOCK), min(network.shards, round(flops / MIN_BLOCK_FLOPS)))
            halves = 2 * blocks + 1
            stagger = start == 0 and blocks > 1 and halves <= inputs and halves * MIN_BLOCK_FLOPS <= flops
            for rows in staggered(inputs, blocks) if stagger else split(inputs, blocks):
                params = slice(start + rows.start * outputs, start + rows.stop * outputs)
                yield Block(params, ((number, rows),), flops=2 * (rows.stop - rows.start) * outputs * network.rows)
            start += inputs * outputs
    yield Block(slice(start, len(network.params)), biases=True)
