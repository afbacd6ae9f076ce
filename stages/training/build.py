"""From the parameters to what trains: network, optimizer, schedule, deformation."""

from functools import partial

from nn.augmentation import Deformation, Strengths
from nn.averaging import MovingAverage
from nn.hard_examples import HardExamples
from nn.mlp import fully_connected
from nn.network import Network, training_work
from nn.optimizers import SGD, Adam, AdamW, Lion, Momentum, Nesterov, Optimizer, RMSprop
from nn.parallel import Team, suitable_parts
from nn.schedules import Schedule, constant, cosine, one_cycle, steps_down, warmed_up
from nn.training import Extras, Trainer
from stages.formats import arrays, idx
from stages.settings.train import Train


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
    strengths = Strengths(**params.augment.model_dump())
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
