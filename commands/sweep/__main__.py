"""Sweep: run a table of experiments, each with several seeds, and save what comes out.

    python -m commands.sweep NAME [--jobs N] [--again]

docs/experiments/sweeps/NAME.yaml says which: `rows`, each with the parameters it sets (and `set` for all rows),
and `seeds`. With `recipe`, all of that is set on top of a recipe, else on top of params.yaml.
With `stage: train` an experiment ends after training, so that nobody sees a test figure while there is a choice to
make; `stage: null` runs the whole pipeline, for what has been chosen. What has been run already is not run again.
The results go to docs/experiments/results/NAME.json, each as soon as its experiment has ended, in the order of the
sweep; `python -m commands.sweep.report` makes the page of it.

Each experiment is a `dvc exp run` in a clone of the commit that is checked out: params.yaml and the code have to
be committed, and edits made meanwhile change nothing. The clones share the cache of this checkout, in which `dvc
exp show` then lists the experiments. Where the command is interrupted, the experiments that still run end with it.
"""

import argparse
import os
import shutil
import signal
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from commands import shell
from commands.sweep import plan
from commands.sweep.plan import Experiment, Sweep
from stages.formats.tables import read_columns
from stages.runtime.atomic import read_json
from stages.runtime.errors import UserError, run_or_exit
from stages.runtime.paths import METRICS, PREDICTIONS, TIMES, TMP


def main() -> None:
    """Run what is missing, or with --again everything, and save what comes out."""
    parser = argparse.ArgumentParser(prog="python -m commands.sweep", description="Run a table of experiments.")
    parser.add_argument("name", help="of a file docs/experiments/sweeps/NAME.yaml")
    parser.add_argument("--jobs", type=int, default=1, help="experiments side by side (1)")
    parser.add_argument("--again", action="store_true", help="run what has been run already, too")
    arguments = parser.parse_args()
    if arguments.jobs < 1:
        raise UserError(f"--jobs is {arguments.jobs}: should be at least 1")
    sweep = plan.read_sweep(arguments.name)
    wanted = list(plan.experiments(sweep) if arguments.again else plan.missing_experiments(arguments.name, sweep))
    if not wanted:
        print(f"all is in {plan.RESULTS / arguments.name}.json already; --again runs it again")  # noqa: T201
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run_all(arguments.name, sweep, wanted, committed(), arguments.jobs)


def committed() -> str:
    """The commit that is checked out; raises UserError if what experiments depend on has edits besides."""
    commit = shell.head_commit()
    inputs = ("params.yaml", "dvc.yaml", "recipes", "nn", "digits", "stages")
    if edited := shell.git("status", "--porcelain", "--untracked-files=no", "--", *inputs):
        names = ", ".join(line.split()[-1] for line in edited.splitlines())
        raise UserError(
            f"{names}: edited and not committed, so the results would be of something else; commit first"
        )
    return commit


def run_all(name: str, sweep: Sweep, wanted: Sequence[Experiment], commit: str, jobs: int) -> None:
    """Run experiments, `jobs` at a time, and save each as soon as it has ended.

    One that fails leaves the others alone: raises UserError at the end, with a line for each that failed.
    """
    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(run, name, sweep, experiment, commit): experiment for experiment in wanted}
        try:
            for future in as_completed(futures):
                try:
                    plan.save(name, sweep, future.result())
                except (UserError, OSError) as error:
                    failed.append(f"{plan.experiment_name(name, futures[future])}: {error}")
        except KeyboardInterrupt:
            stop(pool, list(futures))
            raise
    if failed:
        raise UserError("\n".join(failed))


def run(name: str, sweep: Sweep, experiment: Experiment, commit: str) -> Experiment:
    """Run an experiment in a clone of its own, and return it with its metrics; raises UserError where it fails."""
    title = plan.experiment_name(name, experiment)
    copies = TMP / "exps"  # `make doctor` finds what a killed sweep leaves there, as it does DVC's own tmp*
    copies.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=copies, prefix="tmp", ignore_cleanup_errors=True) as folder:
        project = shell.clone(commit, Path(folder))
        share_cache(project)
        stage = [sweep.stage] if sweep.stage else []
        shell.dvc("exp", "run", *stage, "--name", title, *plan.options(experiment.set), folder=project)
        ref = f"refs/exps/{commit[:2]}/{commit[2:]}/{title}"
        shell.git("fetch", "--quiet", "--no-write-fetch-head", folder, f"+{ref}:{ref}")
        return with_metrics(experiment, project, title, whole=sweep.stage is None)


def share_cache(project: Path) -> None:
    """Have a clone use the cache, and whatever else is configured for this checkout alone."""
    local = Path(".dvc/config.local")
    if local.exists():
        shutil.copy(local, project / local)
    cache = shell.dvc("cache", "dir").rstrip("\n")
    # Relative, for DVC cannot write every letter that a path may have.
    shell.dvc("config", "--local", "cache.dir", os.path.relpath(cache, project), folder=project)


def with_metrics(experiment: Experiment, project: Path, title: str, *, whole: bool) -> Experiment:
    """The experiment with the figures in the folder where it ran; of the test images if the pipeline is whole."""
    metrics = {"train": read_json(project / METRICS / "train.json")}
    if whole:
        metrics |= {split: read_json(project / PREDICTIONS / f"{split}.json") for split in ("validation", "test")}
    times = project / TIMES / f"{title}.csv"  # missing where DVC had the training in its cache
    seconds = read_columns(times, ("seconds",))[0][-1] if times.exists() else None
    return experiment.model_copy(update={"metrics": metrics, "seconds": seconds})


def stop(pool: ThreadPoolExecutor, futures: Sequence[Future[Experiment]]) -> None:
    """Begin no further experiment, and end those that run: Git, DVC and the stages below this process."""
    pool.shutdown(wait=False, cancel_futures=True)
    while not all(future.done() for future in futures):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                child.terminate()
        time.sleep(0.1)


if __name__ == "__main__":
    run_or_exit("sweep", main)
