"""From the parameters to what trains: network, optimizer, schedule, deformation."""

from nn.augmentation import Deformation, DeformationRanges
from nn.averaging import ExponentialMovingAverage
from nn.hard_examples import HardExamples
from nn.mlp import mlp
from nn.network import Network, training_flops_per_example
from nn.optimizers import SGD, Adam, AdamW, Lion, Momentum, Nesterov, Optimizer, RMSprop
from nn.parallel import WorkerPool, default_shards
from nn.schedules import Schedule, constant, cosine, one_cycle, with_warmup
from nn.training import Extras, Trainer
from stages.formats import arrays, idx
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
    work = training_flops_per_example(layers) * params.batch_size
    return Network(
        layers, arrays.PIXELS, params.batch_size, params.shards or default_shards(params.batch_size, work)
    )


def make_trainer(
    params: Train,
    network: Network,
    images: arrays.Images,
    labels: arrays.Labels,
    *,
    dataset: arrays.DatasetDescription,
    team: WorkerPool,
) -> Trainer:
    """Network, optimiser, averages, deformation and extras, ready for the first step.

    In the context of the team: the deformation's patterns are found by BLAS, which has one thread there.
    """
    deformation = hard_examples = None
    strengths = DeformationRanges(**params.augment.model_dump())
    if strengths.any:
        deformation = Deformation(
            strengths, idx.SIDE, network.parts, background=dataset.background, ink=dataset.ink
        )
    if params.hard_fraction:
        hard_examples = HardExamples(len(images), params.hard_fraction, params.hard_repeats)
    return Trainer(
        network,
        make_optimizer(params, network),
        images,
        labels,
        team=team,
        smoothing=params.label_smoothing,
        average=ExponentialMovingAverage(network.params, params.ema_decay) if params.ema_decay else None,
        statistics=ExponentialMovingAverage(network.statistics, params.ema_decay) if params.ema_decay else None,
        extras=Extras(0.0 if params.optimizer in {"adamw", "lion"} else params.weight_decay, params.clip_norm),
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
        "cosine": cosine,
        "one_cycle": one_cycle,
    }
    return with_warmup(schedules[params.schedule], warmup, step)
