"""Pages in docs/ whose commands are run: in ```console blocks, `$ ` begins a command, and the rest is its output.

`python -m tests.pages docs/PAGE.md` runs them in a clone of the last commit, with the data set that DATASET_MIRROR
names and with an S3 store on 127.0.0.1, and puts what they print into the page.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stores import s3_store

BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*?(?:\\\n.*?)*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
SCRIPT = 'eval "$COMMAND"; code=$?; pwd > "$FOLDER"; exit $code'  # a later command begins where this one ends


@dataclass(frozen=True)
class Shown:
    """A command on a page, and what the page says that it prints."""

    command: str
    output: str


def shown(page: str) -> list[Shown]:
    """The commands of a page, in order."""
    return [Shown(*found) for block in BLOCK.findall(page) for found in COMMAND.findall(block)]


class Reader:
    """Somebody who types one command of a page after the other, in bash."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = env

    def type(self, command: str, *, may_fail: bool = False) -> str:
        """What the command prints; fails unless it succeeds, or may fail."""
        # Into a file: what the command leaves running in the background would hold a pipe open.
        with tempfile.TemporaryFile("w+") as output, tempfile.NamedTemporaryFile("r") as folder:
            completed = subprocess.run(
                ["bash", "-c", SCRIPT],
                cwd=self.folder,
                env={**self.env, "COMMAND": command, "FOLDER": folder.name},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=3600,
                check=False,
            )
            output.seek(0)
            said = output.read()
            if completed.returncode and not may_fail:
                raise AssertionError(f"{command} exited with {completed.returncode}:\n{said}")
            self.folder = Path(folder.read().rstrip("\n"))
        return said


def with_outputs(page: str, reader: Reader) -> str:
    """The page with the outputs that its commands have now."""

    def run(found: re.Match[str]) -> str:
        print(f"$ {found[1]}", flush=True)
        text = tidied(reader.type(found[1]))
        return f"$ {found[1]}\n" + (f"{text}\n" if text else "")

    return BLOCK.sub(lambda block: COMMAND.sub(run, block[0]), page)


def tidied(said: str) -> str:
    """Lines end where they end; a progress bar of Git keeps its last state; no blank line at either end."""
    return "\n".join(line.rstrip().split("\r")[-1].rstrip() for line in said.split("\n")).strip("\n")


@contextmanager
def fresh_clone() -> Iterator[Reader]:
    """Somebody in a clone of the last commit, in which a small network is trained and committed."""
    with tempfile.TemporaryDirectory() as folder, s3_store() as login:
        project = Path(folder, "digits")
        env = {
            **os.environ,
            **login,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "115",
            "DVC_PAGER": "cat",
        }
        subprocess.run(["git", "clone", "--quiet", Path.cwd(), project], check=True)
        for command in (
            "git branch --move --force main && git remote remove origin",
            "python -m commands.recipe small",
            "dvc repro --quiet",
            "git diff --quiet || git commit --quiet --all --message 'A small network'",
        ):
            Reader(project, env).type(command)
        yield Reader(project, env)


def main(path: Path) -> None:
    """Renew the outputs of a page."""
    with fresh_clone() as reader:
        page = with_outputs(path.read_text("utf-8"), reader)
    path.write_text(page, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
