"""Check: validate every section of params.yaml. Run as `python -m commands.check`, or `make check`."""

import os
from collections.abc import Mapping
from pathlib import Path

from stages.runtime.errors import UserError, quoted, run_or_exit
from stages.runtime.params import Section, did_you_mean, few, read_all, validate
from stages.runtime.paths import PARAMS, TMP
from stages.settings.download import Download
from stages.settings.evaluate import Evaluate
from stages.settings.export import Export
from stages.settings.plot import Plot
from stages.settings.preprocess import Preprocess
from stages.settings.train import Train

SECTIONS: dict[str, type[Section]] = {
    "download": Download,
    "preprocess": Preprocess,
    "train": Train,
    "evaluate": Evaluate,
    "plot": Plot,
    "export": Export,
}


def mistakes_in(content: Mapping[str, object], path: Path = PARAMS) -> list[str]:
    """A line for each section that has mistakes or is unknown; `path` is the file that holds the content."""
    mistakes = [
        f"{path}: the section {quoted(name)} is not known; {did_you_mean(str(name), list(SECTIONS))}"
        for name in content
        if name not in SECTIONS
    ]
    for name, model in SECTIONS.items():
        try:
            validate(name, content, model, path)
        except UserError as error:
            mistakes.append(str(error))
    return few(mistakes)


def main() -> None:
    """Validate every section; raise UserError with a line for each mistake there is.

    `make repro` runs this before DVC, which would not say what to do about a folder that it cannot write.
    """
    mistakes = mistakes_in(read_all())
    if TMP.exists() and not os.access(TMP, os.W_OK | os.X_OK):
        mistakes.append(
            f"{TMP} cannot be written, and DVC keeps its locks there: `ls -ld {TMP}` says whose it is; make it "
            "yours, or work in a clone elsewhere"
        )
    if mistakes:
        raise UserError("\n".join(mistakes))
    print(f"{PARAMS} is valid")  # noqa: T201


if __name__ == "__main__":
    run_or_exit("check", main)
