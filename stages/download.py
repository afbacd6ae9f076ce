"""The stage download: the four files of a data set, from the first source that gives them, into data/raw.

Verified files are kept in DOWNLOADS as well: DVC removes data/raw before it runs the stage again, and nothing
should be downloaded twice. data/raw never holds an incomplete or unverified file.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from stages.downloading.http import DownloadError, format_size, log
from stages.downloading.sources import fetch_files, inside
from stages.formats.datasets import DATASETS, PublishedFile
from stages.runtime.atomic import all_or_none, write
from stages.runtime.errors import UserError, quoted, redact_credentials
from stages.runtime.params import read_section
from stages.runtime.paths import DOWNLOADS, RAW
from stages.runtime.stage import run_stage
from stages.settings.download import FOLDER, Download


def main() -> None:
    """Put the files of the data set that params.yaml names into data/raw.

    Raises UserError where no source gives them.
    """
    section = read_section("download", Download)
    dataset, files = section.dataset, DATASETS[section.dataset].files
    if not fetch_missing(files, [*mirror_from_environment(dataset), *section.sources[dataset]]):
        raise UserError(
            f"no source gave all files of {dataset}. Without a network, set DATASET_MIRROR to a folder or URL "
            f"with {files[0].name}, or {files[0].names[3]}, or .gz, and so on, in it or in {dataset}/ there, "
            f"or put a file: source into params.yaml, download.sources.{dataset}"
        )
    copy_to_raw(files)


def mirror_from_environment(dataset: str) -> list[str]:
    """The sources that DATASET_MIRROR names: a URL or a folder on the disk, with a folder `dataset` or without."""
    mirror = os.environ.get("DATASET_MIRROR")
    if not mirror:
        return []
    if FOLDER.fullmatch(mirror):
        return [inside(mirror, dataset), mirror]
    if "://" in mirror:
        raise UserError(f"DATASET_MIRROR is {quoted(mirror)}: should be a folder, or a URL with http or https")
    # An experiment may run in a copy of the checkout, which DVC_ROOT names.
    folder = Path(os.environ.get("DVC_ROOT", ""), Path(mirror).expanduser()).absolute()
    return [(folder / dataset if (folder / dataset).is_dir() else folder).as_uri()]


def fetch_missing(files: Sequence[PublishedFile], sources: Sequence[str]) -> bool:
    """Download the files that DOWNLOADS lacks, each named by its SHA-256 there, trying the sources in order.

    Returns whether all are there. A source that fails gets a line that says why.
    """
    for source in sources:
        missing = [file for file in files if not file.matches(DOWNLOADS / file.sha256)]
        if not missing:
            return True
        try:
            for file, content in fetch_files(source, missing):
                write(DOWNLOADS / file.sha256, content)
                log(f"{file.name} ({format_size(file.size)}) from {redact_credentials(source)}")
        except DownloadError as error:
            log(f"{redact_credentials(source)} failed: {error}")
        else:
            return True
    return False


def copy_to_raw(files: Sequence[PublishedFile]) -> None:
    """Copy the files to their final names; DOWNLOADS keeps them for the next run of the stage."""
    with all_or_none():
        for file in files:
            write(RAW / file.name, (DOWNLOADS / file.sha256).read_bytes())


if __name__ == "__main__":
    run_stage("download", main)
