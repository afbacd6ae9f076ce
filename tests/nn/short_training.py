"""A short training on random images; prints the hash of what came out. Run by tests under other CPUs.

It imports nn alone: imports are slow on an emulated CPU. The tests pin the kernel of OpenBLAS.
"""

import hashlib

import numpy as np

from nn.augmentation import Deformation, DeformationRanges
from nn.hard_examples import HardExamples
from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import Adam
from nn.parallel import WorkerPool, single_threaded_blas
from nn.random_streams import Purpose, stream
from nn.schedules import cosine
from nn.training import Trainer, train

RANGES = DeformationRanges(
    rotation=15, shear=15, scale=0.15, shift=1, elastic=1, thickness=1, unchanged_fraction=0.1, halved_at_end=0.2
)


def main() -> None:
    rng = np.random.default_rng(0)
    images = rng.standard_normal((240, 784)).astype(np.float32)
    labels = rng.integers(10, size=240).astype(np.uint8)
    hashes = []
    for activation in ("relu", "gelu", "tanh"):
        layers = mlp([784, 64, 32, 10], activation, normalization="batch", dropout=0.1)
        network = Network(layers, 784, rows=64, shards=2)
        network.initialize(stream(0, Purpose.WEIGHTS))
        hard_examples = HardExamples(len(images), 0.1, 3, rows=64, classes=10)
        with single_threaded_blas(), WorkerPool(2) as pool:
            trainer = Trainer(
                network,
                Adam(network.params, network.grads, network.n_weights),
                images,
                labels,
                pool=pool,
                hard_examples=hard_examples,
                deformation=Deformation(RANGES, 28, network.shards, background=0.0, ink=1.0),
            )
            for _ in train(trainer, batch_size=64, steps=20, learning_rate=0.001, schedule=cosine, seed=0):
                pass
        left = network.params.tobytes() + hard_examples.hardness.tobytes()
        hashes.append(hashlib.sha256(left).hexdigest())
    print(*hashes)


if __name__ == "__main__":
    main()
