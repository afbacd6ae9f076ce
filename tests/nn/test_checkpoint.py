"""A training that goes on after a checkpoint ends with the bits of one that was never interrupted."""

import numpy as np
import pytest

from nn.augmentation import Deformation, DeformationRanges
from nn.checkpoint import load_state_dict, state_dict
from nn.hard_examples import HardExamples
from nn.mlp import mlp
from nn.network import Network
from nn.optimizers import AdamW
from nn.parallel import WorkerPool
from nn.random_streams import Purpose, stream
from nn.regularization import ExponentialMovingAverage
from nn.schedules import cosine
from nn.training import Trainer, train
from tests.nn.test_optimizers import FORMULAS as KINDS

IMAGES, BATCH, EPOCHS = 100, 20, 6  # 30 steps, and the last epoch does not end
STEPS = 28
RANGES = DeformationRanges(rotation=15, shear=15, scale=0.15, shift=1, elastic=1, thickness=1, halved_at_end=0.2)
RNG = np.random.default_rng(0)
X, LABELS = RNG.standard_normal((IMAGES, 784)).astype(np.float32), RNG.integers(10, size=IMAGES).astype(np.uint8)


def trainer_of(kind, *, everything, pool):
    layers = mlp([784, 12, 10], normalization="batch" if everything else None, dropout=0.1 if everything else 0.0)
    network = Network(layers, 784, BATCH, shards=2)
    network.initialize(stream(0, Purpose.WEIGHTS))
    optimizer = kind(network.params, network.grads, network.n_weights, weight_decay=0.01)
    if not everything:
        return Trainer(network, optimizer, X, LABELS, pool=pool)
    return Trainer(
        network,
        optimizer,
        X,
        LABELS,
        pool=pool,
        clip_norm=1.0,
        average=ExponentialMovingAverage(network.state, 0.99),
        deformation=Deformation(RANGES, 28, network.shards, background=0.0, ink=1.0),
        hard_examples=HardExamples(IMAGES, 0.1, 3, rows=BATCH, classes=10),
    )


def steps_of(trainer, epochs_done=0):
    return train(
        trainer,
        batch_size=BATCH,
        steps=STEPS,
        learning_rate=0.01,
        schedule=cosine,
        seed=0,
        epochs_done=epochs_done,
    )


@pytest.mark.parametrize("everything", [False, True], ids=["plain", "with all that has a state"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_training_goes_on_after_any_epoch_to_the_same_bits(kind, everything):
    with WorkerPool(1) as pool:
        whole = trainer_of(kind, everything=everything, pool=pool)
        steps, kept = [], {}
        for step in steps_of(whole):
            steps.append(step)
            if step.step % (IMAGES // BATCH) == 0:
                kept[step.epoch] = {name: array.copy() for name, array in state_dict(whole).items()}
        assert list(kept) == [1, 2, 3, 4, 5]
        for epoch, state in kept.items():
            other = trainer_of(kind, everything=everything, pool=pool)
            load_state_dict(other, state, epoch * (IMAGES // BATCH))
            assert list(steps_of(other, epoch)) == steps[epoch * (IMAGES // BATCH) :]
            for name, array in state_dict(whole).items():
                assert state_dict(other)[name].tobytes() == array.tobytes(), (epoch, name)


def test_what_a_training_hands_on_is_all_that_changes_from_step_to_step():
    with WorkerPool(1) as pool:
        trainer = trainer_of(AdamW, everything=True, pool=pool)
        assert list(state_dict(trainer)) == ["network", "optimizer.0", "optimizer.1", "average", "hardness"]
        before = {name: array.copy() for name, array in state_dict(trainer).items()}
        next(steps_of(trainer))
        assert all((array != before[name]).any() for name, array in state_dict(trainer).items())
