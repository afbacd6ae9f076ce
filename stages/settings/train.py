"""The section `train` of params.yaml: the network, how it learns, and how its images are deformed."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.runtime.params import FiniteFloat, Section, Seed, StrictInt

Positive = Annotated[StrictInt, Field(ge=1)]
Share = Annotated[FiniteFloat, Field(ge=0, lt=1)]
AtLeastZero = Annotated[FiniteFloat, Field(ge=0)]
AboveZero = Annotated[FiniteFloat, Field(gt=0)]


class Augment(Section):
    """How much each image is deformed; nn.augmentation.DeformationRanges says what each part means."""

    rotation: Annotated[FiniteFloat, Field(ge=0, le=90)]
    shear: Annotated[FiniteFloat, Field(ge=0, le=60)]
    scale: Annotated[FiniteFloat, Field(ge=0, lt=1)]
    shift: Annotated[FiniteFloat, Field(ge=0, le=28)]
    elastic: Annotated[FiniteFloat, Field(ge=0, le=10)]
    elastic_sigma: Annotated[FiniteFloat, Field(ge=1, le=28)]
    thickness: Annotated[FiniteFloat, Field(ge=0, le=1)]
    unchanged_fraction: Annotated[FiniteFloat, Field(ge=0, lt=1)]
    halved_at_end: Annotated[FiniteFloat, Field(ge=0, le=1)]


class Train(Section):
    """The section `train` of params.yaml."""

    seed: Seed
    hidden: list[Annotated[StrictInt, Field(ge=1, le=100_000)]]
    activation: Literal["relu", "leaky_relu", "gelu", "tanh", "sigmoid"]
    normalization: Literal["batch", "layer"] | None
    dropout: Share
    input_dropout: Share
    epochs: Positive | None
    iterations: Positive | None
    batch_size: Positive
    shards: Annotated[StrictInt, Field(ge=1, le=64)] | None
    augment: Augment
    hard_fraction: Share
    hard_repeats: Annotated[StrictInt, Field(ge=2, le=100)]
    label_smoothing: Share
    optimizer: Literal["sgd", "nesterov", "rmsprop", "adam", "adamw", "lion"]
    learning_rate: Annotated[FiniteFloat, Field(gt=0, le=1e30)]
    momentum: Share
    beta1: Share
    beta2: Share
    epsilon: Annotated[FiniteFloat, Field(ge=1e-16)]  # squares of smaller gradients are 0 in float32
    weight_decay: AtLeastZero
    clip_norm: AboveZero | None
    schedule: Literal["constant", "cosine", "one_cycle"]
    warmup: AtLeastZero
    ema_decay: Share
    early_stopping_patience: Positive | None
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
        if self.hard_fraction * self.hard_repeats > 1:
            product = self.hard_fraction * self.hard_repeats
            raise ValueError(
                f"hard_fraction times hard_repeats is {product:g}: should be at most 1, a whole epoch"
            )
        if self.shards is not None and self.shards > self.batch_size:
            raise ValueError(f"shards is {self.shards}: should be at most batch_size, {self.batch_size}")
        return self


class DeformationSettings(Section, extra="ignore"):
    """What the stage that shows deformed images reads of this section."""

    seed: Seed
    augment: Augment
