"""What a run of training leaves behind while it runs: its curves, its metrics, and lines on the screen.

The files are renewed whole, so that whoever looks finds them complete. What is measured in seconds goes to the
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
SIGNAL = Path(".dvc/tmp/exps/run/DVCLIVE_STEP_COMPLETED")


class History:
    """The rows and figures of one run of `steps` steps, `an_epoch` steps to an epoch.

    Every `log_every`-th step is a row of plots/training.csv, beginning with the first.
    """

    def __init__(self, *, steps: int, an_epoch: int, log_every: int, parameters: int) -> None:
        self.steps = steps
        self.an_epoch = an_epoch
        self.log_every = log_every
        self.parameters = parameters
        self.training: list[tuple[int, int, float, float]] = []
        self.validation: list[tuple[int, int, float, float]] = []
        self.seconds: list[tuple[int, int, float]] = []
        self.epoch_losses: list[float] = []
        self.started = time.perf_counter()
        # Some terminals say that they have no columns: a bar would not show there.
        on_terminal = sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0
        self.bar = tqdm(total=steps, unit="step", desc="train", disable=not on_terminal, dynamic_ncols=True)

    def step(self, step: Step) -> None:
        """Take note of a step."""
        if (step.step - 1) % self.an_epoch == 0:
            self.epoch_losses.clear()
        self.epoch_losses.append(step.loss)
        if (step.step - 1) % self.log_every == 0:
            self.training.append((step.step, step.epoch, step.learning_rate, step.loss))
        self.bar.update()

    def validated(self, step: Step, loss: float, accuracy: float) -> None:
        """Take note of a measurement on the validation images."""
        self.validation.append((step.step, step.epoch, loss, accuracy))
        self.bar.set_postfix_str(f"validation accuracy {accuracy:.2%}")

    def write(self, step: Step) -> None:
        """Renew the files, as of this step."""
        self.seconds.append((step.step, step.epoch, time.perf_counter() - self.started))
        write_table(PLOTS / "training.csv", ("step", "epoch", "learning_rate", "loss"), self.training)
        write_table(PLOTS / "validation.csv", ("step", "epoch", "loss", "accuracy"), self.validation)
        write_table(SECONDS, ("step", "epoch", "seconds"), self.seconds)
        self.write_metrics(step, *self.last_validation)
        signal(step.step)

    @property
    def last_validation(self) -> tuple[float | None, float | None]:
        """Loss and accuracy of the last validation; None before the first."""
        return self.validation[-1][2:] if self.validation else (None, None)

    def settle_on_lowest_loss(self, step: Step) -> None:
        """Let the metrics be those of the validation with the lowest loss, the first of equals."""
        self.write_metrics(step, *min(self.validation, key=lambda row: row[2])[2:])

    def write_metrics(self, step: Step, loss: float | None, accuracy: float | None) -> None:
        """Renew metrics/train.json with these figures of the validation."""
        write_json(
            METRICS / "train.json",
            {
                "train_loss": self.train_loss,
                "validation_loss": loss,
                "validation_accuracy": accuracy,
                "epochs": step.step / self.an_epoch,
                "steps": step.step,
                "parameters": self.parameters,
            },
        )

    @property
    def train_loss(self) -> float:
        """Mean loss of the batches of this epoch so far, each measured before the step it led to."""
        return sum(self.epoch_losses) / len(self.epoch_losses)

    def say(self, step: Step) -> None:
        """Without a terminal there is no bar: a line an epoch instead."""
        if not self.bar.disable:
            return
        if self.steps % self.an_epoch == 0:
            done = f"epoch {step.epoch} of {self.steps // self.an_epoch}"
        else:
            done = f"iteration {step.step} of {self.steps}, epoch {step.epoch}"
        line = f"{done}: loss {self.train_loss:.4f}"
        if self.validation:
            _, _, loss, accuracy = self.validation[-1]
            line += f", validation loss {loss:.4f}, accuracy {accuracy:.2%}"
        print(f"{line} ({time.perf_counter() - self.started:.1f} s)", flush=True)  # noqa: T201

    def close(self) -> None:
        """Leave the terminal tidy, and no signal behind."""
        self.bar.close()
        withdraw_signal()


def signal_file() -> Path | None:
    """The file by which DVC's extension of VS Code learns of progress: in an experiment that DVC runs, else None.

    It lies in the main checkout, which is where the extension looks, also for an experiment from the queue,
    which runs in a folder of its own. DVCLive writes the same file.
    """
    if "DVC_EXP_BASELINE_REV" not in os.environ or "DVC_ROOT" not in os.environ:
        return None
    return Path(os.environ["DVC_ROOT"]) / SIGNAL


def signal(step: int) -> None:
    """Say that the files are as of this step. No run fails because nobody can be told."""
    path = signal_file()
    if path is not None:
        with suppress(OSError, UserError):
            write_json(path, {"pid": os.getpid(), "step": step})


def withdraw_signal() -> None:
    """Remove the signal, where it is this process's own: experiments that run side by side share the file."""
    path = signal_file()
    if path is not None:
        with suppress(OSError, UserError):
            if read_json(path).get("pid") == os.getpid():
                path.unlink()
