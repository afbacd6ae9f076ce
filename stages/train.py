"""Train: the network learns from the training images and is measured on the validation images.

Run as `python -m stages.train`. Writes data/model, metrics/train.json, plots/training.csv and
plots/validation.csv; the last three are renewed at every validation, so that a long run can be watched.
"""

from functools import partial
from math import ceil, isfinite
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from nn.architecture import fully_connected
from nn.augment import Deformation
from nn.averaging import MovingAverage
from nn.hard_examples import HardExamples
from nn.inference import fold, inference_network
from nn.losses import cross_entropy
from nn.network import Network, training_work
from nn.optimizers import SGD, Adam, AdamW, Lion, Momentum, Nesterov, Optimizer, RMSprop
from nn.prediction import predict
from nn.schedules import Schedule, constant, cosine, one_cycle, steps_down, warmed_up
from nn.stopping import EarlyStopping
from nn.streams import Purpose, stream
from nn.threads import Team, suitable_parts
from nn.training import Diverged, Extras, Trainer, steps_per_epoch, train
from stages import arrays, idx
from stages.augmentation import Augment
from stages.cores import number_of_threads
from stages.errors import UserError
from stages.history import History
from stages.identity import stage, still_as_told
from stages.model import write_model
from stages.params import Integer, Number, Section, Seed, read_section

MOST_ROWS = 2_000  # of plots/training.csv, unless log_every says otherwise
FEWEST_VALIDATIONS = 20  # of a run, unless validate_every says otherwise

Positive = Annotated[Integer, Field(ge=1)]
Share = Annotated[Number, Field(ge=0, lt=1)]
AtLeastZero = Annotated[Number, Field(ge=0)]
AboveZero = Annotated[Number, Field(gt=0)]


class Train(Section):
    """The section `train` of params.yaml."""

    seed: Seed
    hidden: list[Annotated[Integer, Field(ge=1, le=100_000)]]
    activation: Literal["relu", "leaky_relu", "gelu", "tanh", "sigmoid"]
    normalization: Literal["batch", "layer"] | None
    initialization: Literal["he", "glorot", "lecun"] | None
    dropout: Share
    input_dropout: Share
    epochs: Positive | None
    iterations: Positive | None
    batch_size: Positive
    shards: Annotated[Integer, Field(ge=1, le=64)] | None
    augment: Augment
    hard_share: Share
    hard_times: Annotated[Integer, Field(ge=2, le=100)]
    label_smoothing: Share
    optimizer: Literal["sgd", "nesterov", "rmsprop", "adam", "adamw", "lion"]
    learning_rate: Annotated[Number, Field(gt=0, le=1e30)]
    momentum: Share
    beta1: Share
    beta2: Share
    epsilon: Annotated[Number, Field(ge=1e-16)]  # squares of smaller gradients are 0 in float32
    weight_decay: AtLeastZero
    l2: AtLeastZero
    clip_norm: AboveZero | None
    max_norm: AboveZero | None
    schedule: Literal["constant", "steps", "cosine", "one_cycle"]
    schedule_steps: Positive
    schedule_factor: Annotated[Number, Field(gt=0, lt=1)]
    warmup: AtLeastZero
    ema: Share
    early_stopping: Positive | None
    blas_kernel: Literal["haswell", "auto"]  # environment.py reads it, before NumPy is imported
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

    @model_validator(mode="after")
    def decay_where_it_works(self) -> "Train":
        """A decay that does nothing would mislead."""
        if self.weight_decay and self.optimizer not in {"adamw", "lion"}:
            raise ValueError(
                f"weight_decay is {self.weight_decay:g} with optimizer {self.optimizer}: should be 0; "
                "it is of adamw and lion, and l2 of all"
            )
        return self

    @model_validator(mode="after")
    def warm_up_within_the_run(self) -> "Train":
        """There has to be something left after the warm-up."""
        if self.epochs is not None and self.warmup >= self.epochs:
            raise ValueError(f"warmup is {self.warmup:g} epochs: should be less than epochs, {self.epochs}")
        return self

    @model_validator(mode="after")
    def settings_that_do_something(self) -> "Train":
        """A setting without effect would mislead as well."""
        if not self.hidden and (self.dropout or self.normalization):
            raise ValueError(
                "hidden is []: dropout should be 0 and normalization null, for they are of hidden units"
            )
        if self.optimizer == "nesterov" and not self.momentum:
            raise ValueError("momentum is 0 with optimizer nesterov: should be above 0, or optimizer sgd")
        if self.learning_rate * self.weight_decay >= 1:
            product = self.learning_rate * self.weight_decay
            raise ValueError(f"learning_rate times weight_decay is {product:g}: should be below 1")
        if self.hard_share * self.hard_times > 1:
            product = self.hard_share * self.hard_times
            raise ValueError(f"hard_share times hard_times is {product:g}: should be at most 1, a whole epoch")
        if self.shards is not None and self.shards > self.batch_size:
            raise ValueError(f"shards is {self.shards}: should be at most batch_size, {self.batch_size}")
        return self


def main() -> None:
    """The stage: params.yaml and the prepared arrays in; model, metrics and curves out."""
    params = read_section("train", Train)
    prepared = arrays.read_description()
    classes = len(prepared.classes)
    images, labels = arrays.read("train", classes)
    validation_images, validation_labels = arrays.read("validation", classes)
    an_epoch = steps_per_epoch(len(images), params.batch_size)
    steps = params.iterations or an_epoch * (params.epochs or 0)
    network = make_network(params, classes)
    warmup = params.warmup * an_epoch / steps
    refuse_what_does_not_fit(params, len(images), len(validation_labels), warmup, network.parts)
    network.initialize(stream(params.seed, Purpose.WEIGHTS))
    validation = Validation(network, validation_images, validation_labels, params.early_stopping)
    history = History(
        steps=steps,
        an_epoch=an_epoch,
        log_every=params.log_every or ceil(steps / MOST_ROWS),
        parameters=network.params.size,
    )
    threads = number_of_threads(network.parts, training_work(network.layers) * params.batch_size)
    try:
        with Team(threads) as team:
            trainer = make_trainer(params, network, images, labels, prepared=prepared, team=team)
            run = train(
                trainer,
                batch_size=params.batch_size,
                steps=steps,
                learning_rate=params.learning_rate,
                schedule=make_schedule(params, warmup, 1 / steps),
                seed=params.seed,
            )
            for step in run:
                history.step(step)
                last, epoch_ends = step.step == steps, step.step % an_epoch == 0
                due = last or validation_due(step.step, params.validate_every, steps, an_epoch)
                if due and (found := validation.measure(trainer, step.step)) is not None:
                    history.validated(step, *found)
                last = last or validation.exhausted
                if due or epoch_ends:
                    history.write(step)
                if last or epoch_ends:
                    history.say(step)
                if last:
                    break
                if epoch_ends:
                    still_as_told()
    except Diverged as diverged:
        raise UserError(f"{diverged}; no model was saved. Try a lower train.learning_rate, or clip_norm") from None
    finally:
        history.close()
    if validation.settle_on_best():
        history.settle_on_lowest_loss(step)
    write_model(
        validation.reader,
        normalization=prepared.normalization,
        classes=prepared.classes,
        dataset=prepared.dataset,
    )


class Validation:
    """The network that reads, measured on the validation images now and then; it becomes the model."""

    def __init__(
        self, network: Network, images: arrays.Images, labels: arrays.Labels, patience: int | None
    ) -> None:
        self.reader = inference_network(network)
        self.images, self.labels = images, labels
        self.stopping = EarlyStopping(patience) if patience else None
        self.best: arrays.Images | None = (
            None  # the reader's parameters at the lowest loss, if that may end the run
        )

    def measure(self, trainer: Trainer, step: int) -> tuple[float, float] | None:
        """Let the reader have what has been learned; loss and accuracy, None without validation images.

        Raises Diverged where the loss is not finite.
        """
        fold(trainer.network, *trainer.learned(), self.reader)
        if not len(self.labels):
            return None
        logits = predict(self.reader, self.images, trainer.team)
        loss = cross_entropy(logits, self.labels)
        if not isfinite(loss):
            raise Diverged(f"the validation loss is {loss} at iteration {step}")
        if self.stopping is not None and self.stopping.improved(loss):
            self.best = self.reader.params.copy()
        return loss, float(np.mean(logits.argmax(axis=1) == self.labels))

    @property
    def exhausted(self) -> bool:
        """Has the loss not fallen for too long?"""
        return self.stopping is not None and self.stopping.exhausted

    def settle_on_best(self) -> bool:
        """With early stopping, let the reader be the one of the lowest loss."""
        if self.best is None:
            return False
        self.reader.params[:] = self.best
        return True


def refuse_what_does_not_fit(
    params: Train, images: int, validation_images: int, warmup: float, parts: int
) -> None:
    """Raise UserError for parameters that the arrays make no sense of."""
    mistake = None
    smallest = images % params.batch_size or params.batch_size  # the last batch of an epoch
    if params.batch_size > images:
        mistake = f"batch_size is {params.batch_size}: should be at most the number of training images, {images}"
    elif warmup >= 1:
        mistake = f"warmup is {params.warmup:g} epochs: should be shorter than the run"
    elif params.hard_share and int(images * params.hard_share) < 1:
        mistake = f"hard_share is {params.hard_share:g}: makes none of {images} images hard; should be 0, or more"
    elif params.early_stopping and not validation_images:
        mistake = (
            f"early_stopping is {params.early_stopping}: should be null, "
            "for there are no validation images (prepare.validation_size is 0)"
        )
    elif params.normalization == "batch" and smallest < 2 * parts:
        mistake = (
            f"batch_size is {params.batch_size} with normalization batch: leaves {smallest} images for the last "
            f"batch of an epoch, which should have at least 2 for each of its {parts} shards"
        )
    if mistake:
        raise UserError(f"params.yaml: train.{mistake}")


def make_network(params: Train, classes: int) -> Network:
    """The network that params.yaml describes, with room for a batch."""
    layers = fully_connected(
        [arrays.PIXELS, *params.hidden, classes],
        params.activation,
        normalization=params.normalization,
        initialization=params.initialization,
        dropout=params.dropout,
        input_dropout=params.input_dropout,
    )
    work = training_work(layers) * params.batch_size
    return Network(
        layers, arrays.PIXELS, params.batch_size, params.shards or suitable_parts(params.batch_size, work)
    )


def make_trainer(
    params: Train,
    network: Network,
    images: arrays.Images,
    labels: arrays.Labels,
    *,
    prepared: arrays.Prepared,
    team: Team,
) -> Trainer:
    """Network, optimiser, averages, deformation and extras, ready for the first step.

    In the context of the team: the deformation's patterns are found by BLAS, which has one thread there.
    """
    deformation = hard_examples = None
    strengths = params.augment.strengths()
    if strengths.any:
        deformation = Deformation(
            strengths, idx.SIDE, network.parts, background=prepared.background, ink=prepared.ink
        )
    if params.hard_share:
        hard_examples = HardExamples(len(images), params.hard_share, params.hard_times)
    return Trainer(
        network,
        make_optimizer(params, network),
        images,
        labels,
        team=team,
        smoothing=params.label_smoothing,
        average=MovingAverage(network.params, params.ema) if params.ema else None,
        statistics=MovingAverage(network.statistics, params.ema) if params.ema else None,
        extras=Extras(params.l2, params.clip_norm, params.max_norm),
        deformation=deformation,
        hard_examples=hard_examples,
    )


def make_optimizer(params: Train, network: Network) -> Optimizer:
    """The optimiser that params.yaml names, for this network."""
    vectors = (network.params, network.grads, network.decayed)
    beta1, beta2, epsilon = params.beta1, params.beta2, params.epsilon
    match params.optimizer:
        case "sgd":
            return Momentum(*vectors, params.momentum) if params.momentum else SGD(*vectors)
        case "nesterov":
            return Nesterov(*vectors, params.momentum)
        case "rmsprop":
            return RMSprop(*vectors, params.beta2, params.epsilon)
        case "adam":
            return Adam(*vectors, beta1=beta1, beta2=beta2, epsilon=epsilon)
        case "adamw":
            return AdamW(*vectors, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=params.weight_decay)
        case "lion":
            return Lion(*vectors, beta1=beta1, beta2=beta2, weight_decay=params.weight_decay)


def make_schedule(params: Train, warmup: float, step: float) -> Schedule:
    """The schedule that params.yaml names, after a warm-up of this share of the run."""
    schedules: dict[str, Schedule] = {
        "constant": constant,
        "steps": partial(steps_down, count=params.schedule_steps, factor=params.schedule_factor),
        "cosine": cosine,
        "one_cycle": one_cycle,
    }
    return warmed_up(schedules[params.schedule], warmup, step)


def validation_due(step: int, every: int | None, steps: int, an_epoch: int) -> bool:
    """Whether this step is followed by a validation: every so many steps, or, by default, after each epoch.

    A run of few epochs is looked at several times an epoch by default, evenly spread, so that its curve has
    at least FEWEST_VALIDATIONS points.
    """
    if every is not None:
        return step % every == 0
    times_an_epoch = ceil(FEWEST_VALIDATIONS * an_epoch / steps)
    return step * times_an_epoch % an_epoch < times_an_epoch


if __name__ == "__main__":
    stage("train", main)
