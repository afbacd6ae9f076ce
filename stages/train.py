"""Train: the network learns from the training images and is validated now and then.

Run as `python -m stages.train`. Writes data/model, metrics/train.json, plots/training.csv and
plots/validation.csv; the last three are renewed at every validation, so that a long run can be watched.
"""

from math import ceil

import numpy as np

from nn import checkpoint
from nn.batches import epoch_batches
from nn.network import training_flops_per_example
from nn.parallel import WorkerPool, single_threaded_blas
from nn.random_streams import Purpose, stream
from nn.training import Diverged, Trainer, train
from stages.formats import arrays
from stages.formats.model import write_model
from stages.runtime.cores import thread_count
from stages.runtime.environment import say_other_kernel
from stages.runtime.errors import UserError
from stages.runtime.params import read_section
from stages.runtime.stage import result_key, run_stage, stop_if_edited
from stages.runtime.watch import Watch
from stages.settings.train import Train
from stages.training.build import check_against_data, make_network, make_schedule, make_trainer, summary
from stages.training.checkpoints import Checkpoints, blas_and_numpy
from stages.training.log import TrainingLog
from stages.training.validation import Validation, is_validation_step

MAX_ROWS = 2_000  # of plots/training.csv, unless log_every says otherwise


def main() -> None:
    """The stage: params.yaml and the preprocessed arrays in; model, metrics and curves out."""
    params = read_section("train", Train)
    dataset = arrays.read_description()
    images, labels = arrays.read("train", len(dataset.classes))
    validation_arrays = arrays.read("validation", len(dataset.classes))
    check_against_data(params, len(images), len(validation_arrays[1]))
    network = make_network(params, len(dataset.classes))
    epoch_steps = len(epoch_batches(len(images), params.batch_size, network.min_rows))
    steps = params.iterations or epoch_steps * params.epochs
    print(summary(params, network, images=len(images), steps=steps, epoch_steps=epoch_steps), flush=True)  # noqa: T201

    network.initialize(stream(params.seed, Purpose.WEIGHTS))
    validation = Validation(network, (images, labels), validation_arrays, params.early_stopping_patience)
    log = TrainingLog(
        steps=steps,
        steps_per_epoch=epoch_steps,
        log_every=params.log_every or ceil(steps / MAX_ROWS),
    )
    checkpoints = Checkpoints(result_key(blas_and_numpy()))
    say_other_kernel()
    threads = thread_count(network.shards, training_flops_per_example(network.layers) * params.batch_size)
    try:
        # Numbers that are not finite are checked where they matter. Entered once: in a step it would cost 1 %.
        with np.errstate(all="ignore"), single_threaded_blas(), WorkerPool(threads) as pool:
            trainer = make_trainer(params, network, images, labels, dataset=dataset, pool=pool)
            epochs_done = go_on(checkpoints, trainer, validation, log, epoch_steps)
            run = train(
                trainer,
                batch_size=params.batch_size,
                steps=steps,
                learning_rate=params.learning_rate,
                schedule=make_schedule(params, steps, epoch_steps),
                seed=params.seed,
                epochs_done=epochs_done,
            )
            for step in run:
                log.log_step(step)
                last, epoch_ends = step.step == steps, step.step % epoch_steps == 0
                due = last or is_validation_step(step.step, params.validate_every, steps, epoch_steps)
                if due:
                    found = validation.evaluate(trainer, step.step)
                    log.log_validation(step, found, becomes_model=validation.is_best)
                last = last or validation.should_stop
                if due or epoch_ends:
                    log.write(step)
                if last or epoch_ends:
                    log.print_epoch(step)
                if last:
                    break
                if epoch_ends:
                    stop_if_edited()
                    state = {**checkpoint.state_dict(trainer), **validation.state_dict()}
                    if checkpoints.end_epoch(step.epoch, state, log.state_dict()):
                        Watch.remedy = f"the same command goes on after epoch {step.epoch}"
    except Diverged as diverged:
        raise UserError(f"{diverged}; no model was saved. Try a lower train.learning_rate, or clip_norm") from None
    finally:
        log.close()
    validation.restore_best()
    write_model(validation.model, dataset)
    stop_if_edited()
    checkpoints.finish()


def go_on(
    checkpoints: Checkpoints, trainer: Trainer, validation: Validation, log: TrainingLog, epoch_steps: int
) -> int:
    """Bring all of these to where the last checkpoint was made; how many epochs are done."""
    last = checkpoints.latest()
    if last is None:
        return 0
    print(  # noqa: T201
        f"going on after epoch {last.epoch}; to begin anew, remove {checkpoints.folder}", flush=True
    )
    steps = last.epoch * epoch_steps
    checkpoint.load_state_dict(trainer, last.arrays, steps)
    validation.load_state_dict(last.arrays)
    log.load_state_dict(last.log, steps)
    Watch.remedy = f"the same command goes on after epoch {last.epoch}"
    return last.epoch


if __name__ == "__main__":
    run_stage("train", main)
