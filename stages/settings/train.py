"""The section `train` of params.yaml: the network, how it learns, and how its images are deformed."""

from typing import Annotated, Literal

from pydantic import Field

from stages.runtime.params import FiniteFloat, Section, Seed, StrictInt

Share = Annotated[FiniteFloat, Field(ge=0, le=0.9)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000_000)]


class Augment(Section):
    """How much each image is deformed; nn.augmentation.DeformationRanges says what each part means."""

    rotation: Annotated[FiniteFloat, Field(ge=0, le=90)]
    shear: Annotated[FiniteFloat, Field(ge=0, le=60)]
    scale: Share
    shift: Annotated[FiniteFloat, Field(ge=0, le=28)]
    elastic: Annotated[FiniteFloat, Field(ge=0, le=10)]
    elastic_sigma: Annotated[FiniteFloat, Field(ge=1, le=28)]
    thickness: Annotated[FiniteFloat, Field(ge=0, le=1)]
    unchanged_fraction: Annotated[FiniteFloat, Field(ge=0, le=1)]
    halved_at_end: Annotated[FiniteFloat, Field(ge=0, le=1)]


class Train(Section):
    """The section `train` of params.yaml.

    Every value in its range is valid with every other: a setting that has no effect is no error. What the data
    decide, stages/training/build.py checks.
    """

    seed: Seed
    hidden: Annotated[list[Annotated[StrictInt, Field(ge=1, le=4096)]], Field(max_length=8)]
    activation: Literal["relu", "leaky_relu", "gelu", "tanh", "sigmoid"]
    normalization: Literal["batch", "layer"] | None
    dropout: Share
    input_dropout: Share
    epochs: Annotated[StrictInt, Field(ge=1, le=100_000)]
    iterations: Count | None
    batch_size: Annotated[StrictInt, Field(ge=2, le=50_000)]
    shards: Annotated[StrictInt, Field(ge=1, le=64)] | None
    augment: Augment
    hard_fraction: Annotated[FiniteFloat, Field(ge=0, le=0.5)]
    hard_repeats: Annotated[StrictInt, Field(ge=2, le=100)]
    label_smoothing: Share
    optimizer: Literal["sgd", "nesterov", "rmsprop", "adam", "adamw", "lion"]
    learning_rate: Annotated[FiniteFloat, Field(ge=1e-6, le=10)]
    momentum: Annotated[FiniteFloat, Field(ge=0, le=0.999)]
    beta1: Annotated[FiniteFloat, Field(ge=0, le=0.99)]
    beta2: Annotated[FiniteFloat, Field(ge=0.9, le=0.9999)]  # above 0.9^2, or Adam may diverge
    epsilon: Annotated[FiniteFloat, Field(ge=1e-16, le=1)]  # squares of smaller gradients are 0 in float32
    weight_decay: Annotated[FiniteFloat, Field(ge=0, le=10)]
    clip_norm: Annotated[FiniteFloat, Field(ge=0.001, le=1000)] | None
    schedule: Literal["constant", "cosine", "one_cycle"]
    warmup: Annotated[FiniteFloat, Field(ge=0, le=1000)]
    ema_decay: Annotated[FiniteFloat, Field(ge=0, le=0.9999)]
    early_stopping_patience: Annotated[StrictInt, Field(ge=1, le=1000)] | None
    blas_kernel: Literal["haswell", "auto"]  # environment.py reads it, before NumPy is imported
    log_every: Count | None
    validate_every: Count | None


class BatchSettings(Section, extra="ignore"):
    """What plot reads of this section: how the images of the batches differ from those of the data set."""

    seed: Seed
    augment: Augment
    label_smoothing: Share
