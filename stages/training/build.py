"""From the parameters to what trains: network, optimizer, schedule, deformation, hard examples."""

from collections.abc import Callable

from nn.augmentation import Deformation, DeformationRanges
from nn.hard_examples import HardExamples
from nn.mlp import mlp
from nn.network import Network, training_flops_per_example
from nn.optimizers import SGD, Adam, AdamW, Lion, Momentum, Nesterov, Optimizer, RMSprop
from nn.parallel import WorkerPool, default_shards
from nn.regularization import ExponentialMovingAverage
from nn.schedules import Schedule, constant, cosine, one_cycle, with_warmup
from nn.training import Trainer
from stages.formats import arrays, idx
from stages.runtime.errors import UserError
from stages.settings.train import Train


def make_network(params: Train, classes: int) -> Network:
    """The network that params.yaml describes, with room for a batch."""
    layers = mlp(
        [arrays.PIXELS, *params.hidden, classes],
        params.activation,
        normalization=params.normalization,
        dropout=params.dropout,
        input_dropout=params.input_dropout,
    )
    flops = training_flops_per_example(layers) * params.batch_size
    shards = params.shards or default_shards(params.batch_size, flops)
    return Network(layers, arrays.PIXELS, params.batch_size, shards)


def make_trainer(
    params: Train,
    network: Network,
    images: arrays.Images,
    labels: arrays.Labels,
    *,
    dataset: arrays.DatasetDescription,
    pool: WorkerPool,
) -> Trainer:
    """Network, optimizer, average, deformation and hard examples, ready for the first step.

    Where BLAS has one thread: it computes the basis of the deformation.
    """
    deformation = hard_examples = None
    ranges = DeformationRanges(**params.augment.model_dump())
    if ranges.enabled:
        deformation = Deformation(ranges, idx.SIDE, network.shards, background=dataset.background, ink=dataset.ink)
    if int(len(images) * params.hard_fraction):
        hard_examples = HardExamples(
            len(images),
            params.hard_fraction,
            min(params.hard_repeats, int(1 / params.hard_fraction)),
            rows=network.rows,
            classes=network.outputs,
        )
    return Trainer(
        network,
        make_optimizer(params, network),
        images,
        labels,
        pool=pool,
        smoothing=params.label_smoothing,
        clip_norm=params.clip_norm,
        average=ExponentialMovingAverage(network.state, params.ema_decay) if params.ema_decay else None,
        deformation=deformation,
        hard_examples=hard_examples,
    )


def make_optimizer(params: Train, network: Network) -> Optimizer:
    """The optimizer that params.yaml names, for this network."""
    betas = {"beta1": params.beta1, "beta2": params.beta2}
    kinds: dict[str, tuple[Callable[..., Optimizer], dict[str, float]]] = {
        "sgd": (Momentum, {"momentum": params.momentum}) if params.momentum else (SGD, {}),
        "nesterov": (Nesterov, {"momentum": params.momentum}),
        "rmsprop": (RMSprop, {"decay": params.beta2, "epsilon": params.epsilon}),
        "adam": (Adam, {**betas, "epsilon": params.epsilon}),
        "adamw": (AdamW, {**betas, "epsilon": params.epsilon}),
        "lion": (Lion, betas),
    }
    kind, options = kinds[params.optimizer]
    vectors = network.params, network.grads, network.n_weights
    return kind(*vectors, weight_decay=params.weight_decay, **options)


def make_schedule(params: Train, steps: int, epoch_steps: int) -> Schedule:
    """The schedule that params.yaml names, after a warm-up, which takes half of the run at most."""
    schedules: dict[str, Schedule] = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
    warmup = min(params.warmup * epoch_steps / steps, 0.5)
    return with_warmup(schedules[params.schedule], warmup, 1 / steps)


def check_against_data(params: Train, images: int, validation_images: int) -> None:
    """Raise UserError for what so many images cannot give."""
    if params.batch_size > images:
        raise UserError(
            f"params.yaml: train.batch_size is {params.batch_size}: "
            f"should be at most the number of training images, {images}"
        )
    if params.early_stopping_patience and not validation_images:
        raise UserError(
            f"params.yaml: train.early_stopping_patience is {params.early_stopping_patience}: should be null, "
            "for there are no validation images (preprocess.validation_size is 0)"
        )


def summary(params: Train, network: Network, *, images: int, steps: int, epoch_steps: int) -> str:
    """What is about to be trained, in a line."""
    widths = "-".join(map(str, [arrays.PIXELS, *params.hidden, network.outputs]))
    sizes = f"{network.params.size:,} parameters, {images:,} training images"
    return f"{widths}: {sizes}, {steps:,} steps, {epoch_steps} an epoch"
