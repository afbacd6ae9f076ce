"""The log of a run of training: its curves and metrics as files, and a progress bar or lines on the screen.

The files are renewed whole, so that a reader always finds them complete. What is measured in seconds goes to the
screen and to .dvc/tmp, never to a file that DVC or Git tracks: those are equal from run to run.
"""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nn.training import Step
from stages.formats.tables import write_table
from stages.runtime.atomic import WriteError, read_json, write_json
from stages.runtime.errors import UserError
from stages.runtime.paths import METRICS, PLOTS, TIMES
from stages.training.validation import Validated

SECONDS = TIMES / f"{os.environ.get('DVC_EXP_NAME', 'train')}.csv"
TRAINING_COLUMNS = ("step", "epoch", "learning_rate", "loss")
VALIDATION_COLUMNS = ("step", "epoch", "loss", "accuracy", "train_loss", "train_accuracy")
BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{remaining} left{postfix}]"
NOTIFICATION = Path(".dvc/tmp/exps/run/DVCLIVE_STEP_COMPLETED")


class TrainingLog:
    """The rows and metrics of one run of `steps` steps.

    Every `log_every`-th step is a row of plots/training.csv, beginning with the first.
    """

    def __init__(self, *, steps: int, steps_per_epoch: int, log_every: int) -> None:
        self.steps = steps
        self.steps_per_epoch = steps_per_epoch
        self.log_every = log_every
        self.training: list[tuple[int, int, float, float]] = []
        self.validation: list[tuple[int, int, float | None, float | None, float, float]] = []
        self.seconds: list[tuple[int, int, float]] = []
        self.loss_of_epoch, self.steps_of_epoch = 0.0, 0  # the sum of the losses of its batches so far
        self.metrics: dict[str, float | None] = {}  # the content of metrics/train.json
        self.accuracy = ""  # of the last validation, as the bar shows it
        self.started = time.perf_counter()
        self.bar = tqdm(total=steps, desc="train", bar_format=BAR, disable=not on_terminal(), dynamic_ncols=True)

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint keeps at the end of an epoch, as JSON has it."""
        return {name: getattr(self, name) for name in ("training", "validation", "seconds", "metrics", "accuracy")}

    def load_state_dict(self, state: Mapping[str, Any], steps: int) -> None:
        """Go on after so many steps, with what `state_dict` has kept."""
        for name, value in state.items():
            setattr(self, name, value)
        if self.seconds:
            self.started -= self.seconds[-1][-1]
        self.bar.update(steps)

    def log_step(self, step: Step) -> None:
        """Add a step."""
        if (step.step - 1) % self.steps_per_epoch == 0:
            self.loss_of_epoch, self.steps_of_epoch = 0.0, 0
        self.loss_of_epoch += step.loss
        self.steps_of_epoch += 1
        if (step.step - 1) % self.log_every == 0:
            self.training.append((step.step, step.epoch, step.learning_rate, step.loss))
        self.bar.set_postfix_str(f"batch_loss {self.batch_loss:.4f}{self.accuracy}", refresh=False)
        self.bar.update()

    def log_validation(self, step: Step, found: Validated, *, becomes_model: bool) -> None:
        """Add a validation. The metrics are those of the last one whose network becomes the model."""
        train_loss, train_accuracy, val_loss, val_accuracy = found
        self.validation.append((step.step, step.epoch, val_loss, val_accuracy, train_loss, train_accuracy))
        if becomes_model:
            epoch = step.step / self.steps_per_epoch
            self.metrics = {
                "epoch": epoch,
                "train_loss": train_loss,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
            }
        if val_accuracy is not None:
            self.accuracy = f", val_accuracy {val_accuracy:.2%}"

    def write(self, step: Step) -> None:
        """Renew the files, as of this step."""
        self.seconds.append((step.step, step.epoch, time.perf_counter() - self.started))
        write_table(PLOTS / "training.csv", TRAINING_COLUMNS, self.training)
        write_table(PLOTS / "validation.csv", VALIDATION_COLUMNS, self.validation)
        with suppress(WriteError):  # nobody needs them
            write_table(SECONDS, ("step", "epoch", "seconds"), self.seconds)
        if self.metrics:
            write_json(METRICS / "train.json", self.metrics)
        notify_vscode(step.step)

    @property
    def batch_loss(self) -> float:
        """Mean loss of the batches of this epoch so far, each measured before the step it led to."""
        return self.loss_of_epoch / self.steps_of_epoch

    def print_epoch(self, step: Step) -> None:
        """Without a terminal there is no bar: a line an epoch instead, with what was measured at its end."""
        if not self.bar.disable:
            return
        if self.steps % self.steps_per_epoch == 0:
            line = f"epoch {step.epoch} of {self.steps // self.steps_per_epoch}"
        else:
            line = f"iteration {step.step} of {self.steps}, epoch {step.epoch}"
        line += f": batch_loss {self.batch_loss:.4f}"
        if self.validation and self.validation[-1][0] == step.step:
            _, _, val_loss, val_accuracy, train_loss, _ = self.validation[-1]
            line += f", train_loss {train_loss:.4f}"
            if val_loss is not None:
                line += f", val_loss {val_loss:.4f}, val_accuracy {val_accuracy:.2%}"
        print(f"{line} ({time.perf_counter() - self.started:.1f} s)", flush=True)  # noqa: T201

    def close(self) -> None:
        """End the progress bar, and withdraw the notification."""
        self.bar.close()
        withdraw_notification()


def on_terminal() -> bool:
    """Is there a terminal to show a bar? Some say that they have no columns: it would not show there."""
    try:
        return sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except OSError:  # it has gone
        return False


def notification_file() -> Path | None:
    """The file by which DVC's extension of VS Code learns of progress: in an experiment that DVC runs, else None.

    It lies in the main checkout, which is where the extension looks, also for an experiment from the queue,
    which runs in a folder of its own. DVCLive writes the same file.
    """
    if "DVC_EXP_BASELINE_REV" not in os.environ or "DVC_ROOT" not in os.environ:
        return None
    return Path(os.environ["DVC_ROOT"]) / NOTIFICATION


def notify_vscode(step: int) -> None:
    """Say that the files are as of this step. No run fails because nobody can be told."""
    path = notification_file()
    if path is not None:
        with suppress(OSError, UserError):
            write_json(path, {"pid": os.getpid(), "step": step})


def withdraw_notification() -> None:
    """Remove the notification if it is this process's own: experiments side by side share the file."""
    path = notification_file()
    if path is not None:
        with suppress(OSError, UserError):
            if read_json(path).get("pid") == os.getpid():
                path.unlink()
