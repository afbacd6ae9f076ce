import numpy as np
import pytest

from nn.inference import output_blocks, predict
from nn.layers import Dense
from nn.mlp import mlp
from nn.network import Network
from nn.parallel import WorkerPool


@pytest.fixture
def network(rng):
    network = Network(mlp([300, 900, 700, 5]), 300, rows=256, shards=4, trains=False)
    network.initialize(rng)
    return network


@pytest.mark.parametrize("n", [0, 1, 10, 99, 100, 256, 300, 600])
def test_any_number_of_rows_on_any_number_of_threads_gives_the_same_bits(rng, network, n):
    x = rng.standard_normal((n, 300)).astype(np.float32)
    found = []
    for threads in (1, 2, 3):
        with WorkerPool(threads) as pool:
            found.append(predict(network, x, pool).tobytes())
    assert len(set(found)) == 1


@pytest.mark.parametrize("n", [1, 10, 99, 100, 256, 300, 600])
def test_prediction_in_shards_is_the_network_written_out(rng, network, n):
    x = rng.standard_normal((n, 300)).astype(np.float32)
    (W1, b1), _, (W2, b2), _, (W3, b3) = network.by_layer(network.params)
    b1[:] = rng.standard_normal(900)
    expected = np.maximum(np.maximum(x @ W1 + b1, 0) @ W2 + b2, 0) @ W3 + b3
    with WorkerPool(2) as pool:
        np.testing.assert_allclose(predict(network, x, pool), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n", [1, 10, 30, 200])
def test_few_rows_of_a_small_network_give_the_same_bits_on_any_number_of_threads(rng, n):
    small = Network(mlp([50, 40, 5]), 50, rows=256, shards=4, trains=False)
    small.initialize(rng)
    x = rng.standard_normal((n, 50)).astype(np.float32)
    found = []
    for threads in (1, 2, 3):
        with WorkerPool(threads) as pool:
            found.append(predict(small, x, pool))
    (W1, b1), _, (W2, b2) = small.by_layer(small.params)
    assert len({one.tobytes() for one in found}) == 1
    np.testing.assert_allclose(found[0], np.maximum(x @ W1 + b1, 0) @ W2 + b2, rtol=1e-3, atol=1e-4)


def test_large_layers_are_shared_out_and_small_ones_are_not(network):
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    assert [len(output_blocks(layer, 50, 4)) for layer in dense] == [4, 4, 1]


def test_numbers_that_overflow_warn_nobody(network):
    with np.errstate(all="ignore"), WorkerPool(2) as pool:
        for n in (1, 10, 200):
            predict(network, np.full((n, 300), 3e38, np.float32), pool)
