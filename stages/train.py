"""Train: the network learns from the training images and is measured on the validation images.

Run as `python -m stages.train`. Writes data/model, metrics/train.json, plots/training.csv and
plots/validation.csv; the last three are renewed at every validation, so that a long run can be watched.
"""

from collections.abc import Callable
from math import ceil, isfinite
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from nn.losses import cross_entropy
from nn.network import Network, fully_connected, predict
from nn.optimizers import SGD, Adam, Optimizer
from nn.schedules import constant, cosine
from nn.streams import Purpose, stream
from nn.training import Diverged, steps_per_epoch, train
from stages import arrays
from stages.errors import UserError, command
from stages.history import History
from stages.model import write_model
from stages.params import Integer, Number, Section, Seed, read_section

MOST_ROWS = 2_000  # of plots/training.csv, unless log_every says otherwise
FEWEST_VALIDATIONS = 20  # of a run, unless validate_every says otherwise

Positive = Annotated[Integer, Field(ge=1)]
Share = Annotated[Number, Field(ge=0, lt=1)]


class Train(Section):
    """The section `train` of params.yaml."""

    seed: Seed
    hidden: list[Annotated[Integer, Field(ge=1, le=100_000)]]
    activation: Literal["relu"]
    epochs: Positive | None
    iterations: Positive | None
    batch_size: Positive
    optimizer: Literal["sgd", "adam"]
    learning_rate: Annotated[Number, Field(gt=0)]
    momentum: Share
    beta1: Share
    beta2: Share
    epsilon: Annotated[Number, Field(ge=1e-30)]  # smaller ones are 0 in float32
    schedule: Literal["constant", "cosine"]
    log_every: Positive | None
    validate_every: Positive | None

    @model_validator(mode="after")
    def one_length(self) -> "Train":
        """A run is measured in epochs or in iterations."""
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError(
                f"epochs is {self.epochs or 'null'} and iterations is {self.iterations or 'null'}: "
                "exactly one of them should be null"
            )
        return self


def main() -> None:
    """The stage: params.yaml and the prepared arrays in; model, metrics and curves out."""
    params = read_section("train", Train)
    prepared = arrays.read_description()
    images, labels = arrays.read("train", len(prepared.classes))
    validation_images, validation_labels = arrays.read("validation", len(prepared.classes))
    if params.batch_size > len(images):
        raise UserError(
            f"params.yaml: train.batch_size is {params.batch_size}: "
            f"should be at most the number of training images, {len(images)}"
        )

    network = Network(fully_connected([arrays.PIXELS, *params.hidden, len(prepared.classes)]), params.batch_size)
    network.initialize(stream(params.seed, Purpose.WEIGHTS))
    an_epoch = steps_per_epoch(len(images), params.batch_size)
    steps = params.iterations or an_epoch * (params.epochs or 0)
    history = History(
        steps=steps,
        an_epoch=an_epoch,
        log_every=params.log_every or ceil(steps / MOST_ROWS),
        parameters=network.params.size,
    )
    run = train(
        network,
        make_optimizer(params, network.params.size),
        images,
        labels,
        batch_size=params.batch_size,
        steps=steps,
        learning_rate=params.learning_rate,
        schedule=SCHEDULES[params.schedule],
        seed=params.seed,
    )
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that is not finite is said below, once
            for step in run:
                history.step(step)
                last, epoch_ends = step.step == steps, step.step % an_epoch == 0
                due = last or validation_due(step.step, params.validate_every, steps, an_epoch)
                if due and len(validation_labels):
                    logits = predict(network, validation_images)
                    accuracy = float(np.mean(logits.argmax(axis=1) == validation_labels))
                    loss = cross_entropy(logits, validation_labels)
                    if not isfinite(loss):
                        raise Diverged(f"the validation loss is {loss}", step)  # noqa: TRY301 (as from run)
                    history.validated(step, loss, accuracy)
                if due or epoch_ends:
                    history.write(step)
                if last or epoch_ends:
                    history.say(step)
    except Diverged as diverged:
        raise UserError(f"{diverged}; no model was saved. Try a lower train.learning_rate") from None
    finally:
        history.close()
    write_model(network, normalization=prepared.normalization, classes=prepared.classes, dataset=prepared.dataset)


def validation_due(step: int, every: int | None, steps: int, an_epoch: int) -> bool:
    """Whether this step is followed by a validation: every so many steps, or, by default, after each epoch.

    A run of few epochs is looked at several times an epoch by default, evenly spread, so that its curve has
    at least FEWEST_VALIDATIONS points.
    """
    if every is not None:
        return step % every == 0
    times_an_epoch = ceil(FEWEST_VALIDATIONS * an_epoch / steps)
    return step * times_an_epoch % an_epoch < times_an_epoch


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine}


def make_optimizer(params: Train, size: int) -> Optimizer:
    """The optimiser that params.yaml names, for `size` parameters."""
    if params.optimizer == "sgd":
        return SGD(size, params.momentum)
    return Adam(size, params.beta1, params.beta2, params.epsilon)


if __name__ == "__main__":
    command("train", main)
