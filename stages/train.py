"""Train: the network learns from the training images and is measured on the validation images.

Run as `python -m stages.train`. Writes data/model, metrics/train.json, plots/training.csv and
plots/validation.csv; the last three are renewed at every validation, so that a long run can be watched.
"""

from math import ceil

from nn.network import training_flops_per_example
from nn.parallel import WorkerPool
from nn.random_streams import Purpose, stream
from nn.training import Diverged, steps_per_epoch, train
from stages.formats import arrays
from stages.formats.model import write_model
from stages.runtime.cores import thread_count
from stages.runtime.edits import run_stage, stop_if_edited
from stages.runtime.errors import UserError
from stages.runtime.params import read_section
from stages.settings.train import Train
from stages.training.build import make_network, make_schedule, make_trainer
from stages.training.log import History
from stages.training.validation import Validation, validation_due

MOST_ROWS = 2_000  # of plots/training.csv, unless log_every says otherwise
FEWEST_VALIDATIONS = 20  # of a run, unless validate_every says otherwise


def main() -> None:
    """The stage: params.yaml and the preprocessed arrays in; model, metrics and curves out."""
    params = read_section("train", Train)
    dataset = arrays.read_description()
    classes = len(dataset.classes)
    images, labels = arrays.read("train", classes)
    validation_images, validation_labels = arrays.read("validation", classes)
    an_epoch = steps_per_epoch(len(images), params.batch_size)
    steps = params.iterations or an_epoch * (params.epochs or 0)
    network = make_network(params, classes)
    warmup = params.warmup * an_epoch / steps
    refuse_what_does_not_fit(params, len(images), len(validation_labels), warmup, network.parts)
    network.initialize(stream(params.seed, Purpose.WEIGHTS))
    validation = Validation(network, validation_images, validation_labels, params.early_stopping_patience)
    history = History(
        steps=steps,
        an_epoch=an_epoch,
        log_every=params.log_every or ceil(steps / MOST_ROWS),
        parameters=network.params.size,
    )
    threads = thread_count(network.parts, training_flops_per_example(network.layers) * params.batch_size)
    try:
        with WorkerPool(threads) as team:
            trainer = make_trainer(params, network, images, labels, dataset=dataset, team=team)
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
                    stop_if_edited()
    except Diverged as diverged:
        raise UserError(f"{diverged}; no model was saved. Try a lower train.learning_rate, or clip_norm") from None
    finally:
        history.close()
    if validation.settle_on_best():
        history.settle_on_lowest_loss(step)
    write_model(
        validation.reader,
        normalization=dataset.normalization,
        classes=dataset.classes,
        dataset=dataset.dataset,
    )


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
    elif params.hard_fraction and int(images * params.hard_fraction) < 1:
        mistake = (
            f"hard_fraction is {params.hard_fraction:g}: makes none of {images} images hard; should be 0, or more"
        )
    elif params.early_stopping_patience and not validation_images:
        mistake = (
            f"early_stopping_patience is {params.early_stopping_patience}: should be null, "
            "for there are no validation images (preprocess.validation_size is 0)"
        )
    elif params.normalization == "batch" and smallest < 2 * parts:
        mistake = (
            f"batch_size is {params.batch_size} with normalization batch: leaves {smallest} images for the last "
            f"batch of an epoch, which should have at least 2 for each of its {parts} shards"
        )
    if mistake:
        raise UserError(f"params.yaml: train.{mistake}")


if __name__ == "__main__":
    run_stage("train", main)
