"""The log of a run of training: its curves and metrics as files, and a progress bar or lines on the screen.

The files are renewed whole, so that a reader always finds them complete. What is measured in seconds goes to the
screen and to .dvc/tmp, never to a file that DVC or Git tracks: those are equal from run to run.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from nn.training import Step
from stages.formats.tables import write_table
from stages.runtime.atomic import read_json, write_json
from stages.runtime.errors import UserError
from stages.runtime.paths import METRICS, PLOTS, TIMES

SECONDS = TIMES / f"{os.environ.get('DVC_EXP_NAME', 'train')}.csv"
NOTIFICATION = Path(".dvc/tmp/exps/run/DVCLIVE_STEP_COMPLETED")


class TrainingLog:
    """The rows and metrics of one run of `steps` steps.

    Every `log_every`-th step is a row of plots/training.csv, beginning with the first.
    """

    def __init__(self, *, steps: int, steps_per_epoch: int, log_every: int, parameters: int) -> None:
        self.steps = steps
        self.steps_per_epoch = steps_per_epoch
        self.log_every = log_every
        self.parameters = parameters
        self.training: list[tuple[int, int, float, float]] = []
        self.validation: list[tuple[int, int, float, float]] = []
        self.seconds: list[tuple[int, int, float]] = []
        self.epoch_losses: list[float] = []
        self.best: dict[str, float | int | None] = {}
        self.started = time.perf_counter()
        # Some terminals say that they have no columns: a bar would not show there.
        on_terminal = sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0
        self.bar = tqdm(total=steps, unit="step", desc="train", disable=not on_terminal, dynamic_ncols=True)

    def log_step(self, step: Step) -> None:
        """Add a step."""
        if (step.step - 1) % self.steps_per_epoch == 0:
            self.epoch_losses.clear()
        self.epoch_losses.append(step.loss)
        if (step.step - 1) % self.log_every == 0:
            self.training.append((step.step, step.epoch, step.learning_rate, step.loss))
        self.bar.update()

    def log_validation(self, step: Step, loss: float, accuracy: float) -> None:
        """Add an evaluation on the validation images."""
        lowest = min((row[2] for row in self.validation), default=float("inf"))
        self.validation.append((step.step, step.epoch, loss, accuracy))
        if loss < lowest:
            self.best = self.metrics(step)
        self.bar.set_postfix_str(f"validation accuracy {accuracy:.2%}")

    def write(self, step: Step) -> None:
        """Renew the files, as of this step."""
        self.seconds.append((step.step, step.epoch, time.perf_counter() - self.started))
        write_table(PLOTS / "training.csv", ("step", "epoch", "learning_rate", "loss"), self.training)
        write_table(PLOTS / "validation.csv", ("step", "epoch", "loss", "accuracy"), self.validation)
        write_table(SECONDS, ("step", "epoch", "seconds"), self.seconds)
        write_json(METRICS / "train.json", self.metrics(step))
        notify_vscode(step.step)

    def metrics(self, step: Step) -> dict[str, float | int | None]:
        """The content of metrics/train.json, as of this step; null before the first validation."""
        loss, accuracy = self.validation[-1][2:] if self.validation else (None, None)
        return {
            "train_loss": self.train_loss,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "epochs": step.step / self.steps_per_epoch,
            "steps": step.step,
            "parameters": self.parameters,
        }

    def report_best(self) -> None:
        """Let the metrics be those of the step with the lowest validation loss, all of them."""
        write_json(METRICS / "train.json", self.best)

    @property
    def train_loss(self) -> float:
        """Mean loss of the batches of this epoch so far, each measured before the step it led to."""
        return sum(self.epoch_losses) / len(self.epoch_losses)

    def print_epoch(self, step: Step) -> None:
        """Without a terminal there is no bar: a line an epoch instead."""
        if not self.bar.disable:
            return
        if self.steps % self.steps_per_epoch == 0:
            done = f"epoch {step.epoch} of {self.steps // self.steps_per_epoch}"
        else:
            done = f"iteration {step.step} of {self.steps}, epoch {step.epoch}"
        line = f"{done}: loss {self.train_loss:.4f}"
        if self.validation:
            _, _, loss, accuracy = self.validation[-1]
            line += f", validation loss {loss:.4f}, accuracy {accuracy:.2%}"
        print(f"{line} ({time.perf_counter() - self.started:.1f} s)", flush=True)  # noqa: T201

    def close(self) -> None:
        """End the progress bar, and withdraw the notification."""
        self.bar.close()
        withdraw_notification()


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
