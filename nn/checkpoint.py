"""A checkpoint: what a training needs at the end of an epoch to go on in another process, to the same bits.

Everything else is made anew from the parameters: the order of an epoch, its dropout and its deformations are drawn
from seed and epoch alone, and gradients and activations are overwritten.
"""

from collections.abc import Mapping

from nn.flat import Array
from nn.training import Trainer


def state_dict(trainer: Trainer) -> dict[str, Array]:
    """The arrays that an epoch hands on to the next, by name: views, which the next step changes."""
    arrays = {"network": trainer.network.state}
    _, *averages = trainer.optimizer.decaying  # the first are the parameters
    arrays |= {f"optimizer.{number}": average for number, average in enumerate(averages)}
    if trainer.average is not None:
        arrays["average"] = trainer.average.scaled
    if trainer.hard_examples is not None:
        arrays["hardness"] = trainer.hard_examples.hardness
    return arrays


def load_state_dict(trainer: Trainer, state: Mapping[str, Array], steps: int) -> None:
    """Bring a new trainer to where another one was after so many steps, whose `state_dict` this is."""
    for name, array in state_dict(trainer).items():
        array[:] = state[name]
    trainer.optimizer.steps = steps
    if trainer.average is not None:
        trainer.average.steps = steps
