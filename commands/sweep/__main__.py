"""Sweep: a table of experiments, each with several seeds, run by DVC's queue and kept as a file of results.

    python -m commands.sweep NAME [--jobs N]

docs/experiments/sweeps/NAME.yaml says which: `rows`, each with the parameters it sets (and `set` for all rows),
and `seeds`.
With `recipe`, all of that is set on top of a recipe, else on top of params.yaml.
With `stage: train` an experiment ends after training, so that nobody sees a test figure while there is a choice to
make; `stage: null` runs the whole pipeline, for what has been chosen. What has been run already is not run again.
What came out goes to docs/experiments/results/NAME.json, in the order of the sweep; `python -m
commands.sweep.report` makes the page of it.

Experiments start from the commit that is checked out, so params.yaml and the code have to be committed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from commands.sweep.plan import (
    RESULTS,
    Experiment,
    Sweep,
    keep,
    missing_experiments,
    name_of,
    read_sweep,
    settings,
)
from stages.formats.tables import read_columns
from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.paths import TIMES

PAUSE = 5.0  # seconds between two looks at whether an experiment has ended
PATIENCE = 300.0  # seconds after which the queue is asked in any case: of one that failed there is no other sign


def main() -> None:
    """Run what is missing, and keep what came out."""
    parser = argparse.ArgumentParser(prog="python -m commands.sweep", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="of a file docs/experiments/sweeps/NAME.yaml")
    parser.add_argument("--jobs", type=int, default=1, help="experiments side by side (1)")
    parser.add_argument("--again", action="store_true", help="run what has been run already, too")
    options = parser.parse_args()
    sweep = read_sweep(options.name)
    if options.again:
        (RESULTS / f"{options.name}.json").unlink(missing_ok=True)
    missing = list(missing_experiments(options.name, sweep))
    if not missing:
        print(f"all is in {RESULTS / options.name}.json already; --again runs it anew")  # noqa: T201
        return
    start = commit()
    shown = dict(experiments_shown(start))
    for experiment in missing:
        name = name_of(options.name, experiment)
        if name in shown and options.again:
            run("dvc", "exp", "remove", name)
        elif name in shown:  # it runs, or has run, and waits to be taken in
            refuse_others(name, experiment, shown[name])
            continue
        (TIMES / f"{name}.csv").unlink(missing_ok=True)  # of an experiment that had this name before
        stage = [sweep.stage] if sweep.stage else []
        run("dvc", "exp", "run", *stage, "--queue", "--name", name, *settings(experiment.set))
    start_workers(options.jobs)
    wait_for(options.name, sweep, start)


def commit() -> str:
    """The commit that is checked out, from which experiments begin.

    Raises UserError where there is none, or where edits that are not committed would take part.
    """
    found = git("rev-parse", "--verify", "HEAD")
    if not found:
        raise UserError("experiments begin from a commit, and there is none here: `git init`, and commit")
    if edited := git(
        "status", "--porcelain", "--untracked-files=no", "--", "params.yaml", "dvc.yaml", "recipes", "nn", "stages"
    ):
        names = ", ".join(line.split()[-1] for line in edited.splitlines())
        raise UserError(
            f"{names}: edited and not committed, so the results would be of something else; commit first"
        )
    return found


def start_workers(jobs: int) -> None:
    """Have DVC work through its queue; it goes on after this command.

    What DVC says goes into a file: the workers could write into a pipe as well, so that it would not end.
    """
    words = [sys.executable, "-m", "dvc", "queue", "start", "--jobs", str(jobs)]
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(words, stdout=said, stderr=said, check=False)
        said.seek(0)
        if done.returncode:
            raise UserError(f"`dvc queue start` failed: {['it said nothing', *said.read().splitlines()][-1]}")


def git(*words: str) -> str:
    """What a command of Git says; nothing where it fails."""
    command = ["git", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def refuse_others(name: str, experiment: Experiment, content: dict[str, Any]) -> None:
    """Raise UserError where an experiment of this name has other parameters."""
    params = content.get("params", {}).get("params.yaml", {}).get("data", {})
    for key, wanted in experiment.set.items():
        found: Any = params
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if params and found != wanted:
            raise UserError(f"experiment {name} has {key} {found}, not {wanted}; `dvc exp remove {name}` first")


def run(*words: str) -> str:
    """What a command of DVC says; raises UserError where it fails."""
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        last = ["it said nothing", *done.stderr.strip().splitlines()][-1]
        raise UserError(f"`{' '.join(words)}` failed: {last}")
    return done.stdout


# While the folder of an experiment comes into being, `dvc exp show` may fail.
@retry(retry=retry_if_exception_type(UserError), stop=stop_after_attempt(5), wait=wait_fixed(PAUSE), reraise=True)
def experiments_shown(start: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and content of every experiment that began from this commit, as `dvc exp show` has them."""
    found = []
    beginning = json.loads(run("dvc", "exp", "show", "--json", "--rev", start))[-1]
    for entry in beginning["experiments"] or []:
        newest = entry["revs"][0]
        state = (entry["executor"] or {}).get("state")
        found.append((newest["name"], {**(newest["data"] or {}), "rev": newest["rev"], "state": state}))
    return found


def wait_for(name: str, sweep: Sweep, start: str) -> None:
    """Take each experiment into the results as soon as it has ended; raises UserError for one that failed."""
    failed: set[str] = set()
    while True:
        before, asked = ended(), time.monotonic()
        shown = dict(experiments_shown(start))
        for experiment in missing_experiments(name, sweep):
            content = shown.get(name_of(name, experiment), {})
            if content.get("state") in {"queued", "running"}:
                continue
            if "metrics" in content:
                keep(name, sweep, finished(name, experiment, content))
            else:
                failed.add(name_of(name, experiment))
        if all(name_of(name, experiment) in failed for experiment in missing_experiments(name, sweep)):
            break
        # To ask the queue takes a core for seconds, which would be missing in trainings whose time is taken.
        while ended() == before and time.monotonic() < asked + PATIENCE:
            time.sleep(PAUSE)
        time.sleep(PAUSE)  # it is recorded before the queue calls it a success
    if failed:
        todo = "`dvc queue logs NAME` says why; `dvc queue remove --failed`, then again"
        raise UserError(f"failed: {', '.join(sorted(failed))}; {todo}")


def ended() -> str:
    """The experiments that DVC has recorded, each in a line: another text when one more has come to its end."""
    return git("for-each-ref", "refs/exps")


def finished(name: str, experiment: Experiment, content: dict[str, Any]) -> Experiment:
    """An experiment with what came out."""
    wanted = {"train"} if read_sweep(name).stage else {"train", "validation", "test"}
    # Of the files themselves: `dvc exp show` leaves lists out, and with them which images were misread.
    texts = {part: git("show", f"{content['rev']}:metrics/{part}.json") for part in wanted}
    metrics = {part: json.loads(text) for part, text in texts.items() if text}
    title = name_of(name, experiment)
    if set(metrics) != wanted:
        raise UserError(f"{title} has no figures of {', '.join(sorted(wanted - set(metrics)))}")
    times = TIMES / f"{title}.csv"
    seconds = read_columns(times, ("seconds",))[0][-1] if times.exists() else None
    return experiment.model_copy(update={"metrics": metrics, "seconds": seconds})


if __name__ == "__main__":
    run_or_exit("sweep", main)
