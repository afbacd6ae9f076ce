"""Guides: pages in docs/guides whose code is put into a copy of the project, and whose commands are run there.

From top to bottom, in the order in which they stand:

- a ```diff block changes files, `--- a/PATH` and `+++ b/PATH`; hunks begin with `@@` and need no line numbers, for
  their old lines, those kept and those removed, stand once in the file;
- a block after a line that ends with "`PATH`:" is the whole of a new file;
- in a ```console block, `$ ` begins a command, and the rest is its output; a line `...` stands for any lines.

`python -m tests.guides docs/guides/PAGE.md` follows the page in a clone of the last commit, with the data set that
DATASET_MIRROR names, and puts what its commands print into the page; where `...` leaves out lines it looks only
whether the rest still holds.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.pages import COMMAND, Reader, Shown, fresh_clone, tidied

FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./-]+)`:\n\n\Z")
FILE = re.compile(r"^--- a/(\S+)\n\+\+\+ b/\1\n(.*?)(?=^--- a/|\Z)", re.MULTILINE | re.DOTALL)
PROGRESS = re.compile(r"[.FEsx]+ +\[ *\d+%\]")  # of pytest: one letter a test
NUMBER = re.compile(r"\b[0-9a-f]{7,40}\b|((?<=\s)-)?\d[\d.,:]*(e[+-]\d+)?")  # or a hash


@dataclass(frozen=True)
class Hunk:
    """Lines of a file that give way to others."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class NewFile:
    """A file that there was not, and its content."""

    path: str
    content: str


Step = Hunk | NewFile | Shown


def steps(page: str) -> list[Step]:
    """What the reader of a guide does, in order."""
    return [step for block in FENCED.finditer(page) for step in steps_of(block)]


def steps_of(block: re.Match[str]) -> list[Step]:
    """Likewise, of one block of the page; none where it only shows something."""
    language, text = block.groups()
    if language == "console":
        return [Shown(*parts) for parts in COMMAND.findall(text)]
    if language == "diff":
        return [Hunk(path, *sides(lines)) for path, hunks in FILE.findall(text) for lines in hunks_of(hunks)]
    named = NAMED.search(block.string, 0, block.start())
    return [NewFile(named[1], text)] if named else []


def hunks_of(text: str) -> list[list[str]]:
    """The lines of each hunk."""
    return [hunk.splitlines()[1:] for hunk in re.split(r"^(?=@@)", text, flags=re.MULTILINE) if hunk]


def sides(lines: list[str]) -> tuple[str, str]:
    """The lines before and after."""
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[:1] != other) for other in "+-")
    return old, new


def change(step: Hunk | NewFile, project: Path) -> None:
    """Put code of a guide into a project; fails where the project is no longer as the guide takes it to be."""
    path = project / step.path
    if isinstance(step, NewFile):
        if path.exists():
            raise AssertionError(f"{step.path} is to be new, and is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.content, "utf-8")
        return
    old = re.compile(f"^{re.escape(step.old)}", re.MULTILINE)
    text, found = old.subn(lambda _: step.new, path.read_text("utf-8"))
    if found != 1:
        raise AssertionError(f"this stands {found} times in {step.path}:\n{step.old}")
    path.write_text(text, "utf-8")


def perform(step: Step, reader: Reader) -> None:
    """Do a step; fails where a command prints something else than the guide shows."""
    if not isinstance(step, Shown):
        change(step, reader.folder)
        return
    # A test that fails at first is part of a guide; what says nothing has to succeed.
    said = reader.type(step.command, may_fail=bool(step.output))
    if not holds(step.output, said):
        raise AssertionError(f"$ {step.command}\n{tidied(said)}\n\nThe guide shows:\n{step.output}")


def holds(output: str, printed: str) -> bool:
    """Whether a command printed what a guide shows, but for numbers, hashes and the widths of columns.

    How many tests there are changes often, and what a training comes to depends on the data set.
    """
    shown = lines_of(output)
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(f"{line}\n") for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines_of(printed))) is not None


def lines_of(text: str) -> list[str]:
    """The lines of an output without what may differ."""
    kept = (line for line in tidied(text).splitlines() if not PROGRESS.fullmatch(line))
    return [" ".join(re.sub("[─=_-]{3,}", "---", NUMBER.sub("0", line)).split()) for line in kept]


def renewed(page: str, reader: Reader) -> str:
    """The page with the outputs that its commands have now."""

    def run(found: re.Match[str]) -> str:
        print(f"$ {found[1]}", flush=True)
        text = tidied(reader.type(found[1], may_fail=True))
        if "\n...\n" not in f"\n{found[2]}":
            return f"$ {found[1]}\n" + (f"{text}\n" if text else "")
        if not holds(found[2], text):
            print(f"{text}\n\nThe guide, which leaves out lines, shows:\n{found[2]}", flush=True)
        return found[0]

    def follow(block: re.Match[str]) -> str:
        for step in steps_of(block):
            if not isinstance(step, Shown):
                change(step, reader.folder)
        return COMMAND.sub(run, block[0]) if block[1] == "console" else block[0]

    return FENCED.sub(follow, page)


def main(path: Path) -> None:
    """Renew the outputs of a guide."""
    page = path.read_text("utf-8")
    with fresh_clone() as reader:
        page = renewed(page, reader)
    path.write_text(page, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
