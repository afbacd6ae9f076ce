"""The stage download: the four files of a data set, from the first source that gives them, into data/raw.

Data arrives, is unpacked and verified in a folder that outlives the run: DVC removes data/raw before it runs the
stage, and nobody should fetch twice what has come once. data/raw sees complete and verified files only.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from stages.downloading.http import Failure, say
from stages.downloading.sources import PACKAGE, bring
from stages.formats.datasets import DATASETS, PublishedFile
from stages.runtime.atomic import all_or_none, atomic_write, free_space_hint
from stages.runtime.edits import run_stage
from stages.runtime.errors import UserError, redact_credentials
from stages.runtime.params import read_section
from stages.runtime.paths import DOWNLOADS, RAW
from stages.settings.download import SOURCE, Download


def main() -> None:
    """Put the files of the data set that params.yaml names into data/raw.

    Raises UserError where no source gives them, and what each of them did instead.
    """
    section = read_section("download", Download)
    files = DATASETS[section.dataset].files
    try:
        with alone(DOWNLOADS):
            gather(
                files, [*mirror(section.dataset), *section.sources[section.dataset]], DOWNLOADS, section.dataset
            )
            publish(files, DOWNLOADS, RAW)
    except OSError as error:
        raise UserError(
            f"{DOWNLOADS} or {RAW}: {error.strerror or error}{free_space_hint(DOWNLOADS, error)}"
        ) from error


def mirror(dataset: str) -> list[str]:
    """The source that the environment names, a URL or a folder on the disk; none if it names none."""
    place = os.environ.get("DATASET_MIRROR", "")
    if not place:
        return []
    if SOURCE.fullmatch(place) and not place.startswith(PACKAGE):
        return [f"{place.rstrip('/')}/{dataset}"]
    if "://" in place:
        raise UserError(
            f"DATASET_MIRROR is {redact_credentials(place)}: should be a folder, or a URL with http or https"
        )
    return [(Path(place).expanduser().absolute() / dataset).as_uri()]


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Hold the store: a second worker of a queue waits here, and then finds the files."""
    store.mkdir(parents=True, exist_ok=True)
    lock = FileLock(store / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("another download is running; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def gather(files: Sequence[PublishedFile], sources: Sequence[str], store: Path, dataset: str) -> None:
    """Bring all files into the store, from one source after the other.

    Raises UserError where files are missing after the last one: a line for each source, and what can be done.
    """
    failures = []
    for number, source in enumerate(sources, start=1):
        missing = [file for file in files if not file.matches(store / file.sha256)]
        if not missing:
            return
        try:
            bring(source, missing, store)
        except Failure as error:
            failures.append(f"{redact_credentials(source)} failed: {error}")
            if number < len(sources):
                say(f"{failures[-1]}; trying the next source")
        else:
            return
    lines = "\n".join(f"  {failure}" for failure in failures)
    raise UserError(
        f"no source gave all files of {dataset}:\n{lines}\n"
        f"Without a network, set DATASET_MIRROR to a folder or URL with {dataset}/{files[0].name}.gz and the "
        f"others, or put a file: source into params.yaml, download.sources.{dataset}"
    )


def publish(files: Sequence[PublishedFile], store: Path, folder: Path) -> None:
    """Copy the files in the store to their final names, and clear away what other sources left unfinished.

    The store keeps them: DVC removes data/raw before it runs the stage again, whatever the reason.
    """
    with all_or_none():
        for file in files:
            with (store / file.sha256).open("rb") as kept, atomic_write(folder / file.name) as final:
                shutil.copyfileobj(kept, final)
    for partial in [*store.glob("*.part"), *store.glob("*.version")]:
        partial.unlink()


if __name__ == "__main__":
    run_stage("download", main)
