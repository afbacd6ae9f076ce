import numpy as np

from nn import aligned
from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import Adam


def test_an_array_begins_at_a_cache_line_and_is_like_numpys():
    for shape in ((), 7, (3, 5)):
        for dtype in (np.float32, np.float64, np.intp, bool):
            made, wanted = aligned.zeros(shape, dtype), np.zeros(shape, dtype)
            assert made.ctypes.data % aligned.LINE == 0
            assert made.flags.writeable
            assert made.flags.c_contiguous
            np.testing.assert_array_equal(made, wanted, strict=True)


def test_the_arrays_of_a_network_and_an_optimizer_begin_at_a_cache_line():
    network = Network(mlp([50, 30, 10], normalization="batch", dropout=0.5), 50, 64)
    optimizer = Adam(network.params, network.grads, network.n_weights)
    arrays = [network.x, *optimizer.decaying, network.grads]
    for node in network.nodes:
        arrays += [array for array in (node.y, *node.cache, node.dx, node.dy) if array is not None]
    assert all(array.ctypes.data % aligned.LINE == 0 for array in arrays)
