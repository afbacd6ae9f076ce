"""Predict: read the digits in photographs and drawings. Run as `python -m commands.predict FILE...`.

Or `make predict FILES="..."`. A line for each picture: digit, probability, and which comes next; `--json` prints
a JSON object instead, and `--explain DIR` draws what the network saw. A folder stands for the pictures in it, `-`
for standard input. The exit code is 1 if a picture could not be read, whatever the others gave.

Runs in any environment with NumPy, Pillow, safetensors and threadpoolctl: see commands/__init__.py.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from io import TextIOWrapper
from itertools import count
from pathlib import Path

try:
    import numpy as np

    from digits.classifier import Classifier, read_classifier
    from digits.errors import BadPicture, ModelError, NoDigit
    from digits.explain import explain
    from digits.hypotheses import Reading, read
    from digits.pictures import MAX_BYTES, open_picture
    from nn.parallel import single_threaded_blas
except ImportError as missing:
    sys.exit(
        f"predict: {missing}; `make predict FILES=...` has all it needs, as has `pip install numpy pillow "
        "safetensors threadpoolctl`"
    )

MODEL = Path("data/model/model.safetensors")
SUFFIXES = {".gif", ".jpeg", ".jpg", ".png", ".webp"}  # of pictures in a folder
FEW = 16  # pictures that one process has read before others have started
# A less probable digit is "not sure". Of photographs made from validation images, 200 of each of 11 kinds, these
# were 1.8 %, 28 % of them wrong, and 31 % of all that was wrong; of the others 1.2 % were wrong.
SURE = 0.75


@dataclass(frozen=True)
class Task:
    """A picture to read: its name, its content if that is no file, and where to draw an explanation."""

    name: str
    content: bytes | None = None
    explanation: Path | None = None


Answer = dict[str, object]  # as --json prints it


def main() -> int:
    """Read every picture, print a line for each; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m commands.predict", description="Read the digits in pictures.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="PNG, JPEG, WebP or GIF; a folder of them; or -")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each")
    parser.add_argument("--explain", type=Path, metavar="DIR", help="draw there what the network saw")
    arguments = parser.parse_args()
    if not arguments.files:
        sys.exit("predict: name a picture, as in `make predict FILES=photograph.jpg`")
    classifier()  # a model that is missing is said once, and first
    failed = False
    with single_threaded_blas():  # whose number of threads would change the bits
        for answer in answers(list(tasks(arguments.files, arguments.explain))):
            failed |= "error" in answer
            words = json.dumps(answer) if arguments.json else in_words(answer)
            stream = sys.stderr if "error" in answer and not arguments.json else sys.stdout
            print(words, file=stream, flush=True)
    return int(failed)


def tasks(names: Iterable[str], folder: Path | None) -> Iterator[Task]:
    """What to read for these arguments, in their order, the pictures of a folder in that of their names."""
    taken: set[str] = set()
    for name in names:
        for found in pictures_in(Path(name)) if os.path.isdir(name) else [name]:  # noqa: PTH112 (it never raises)
            stem = "standard-input" if found == "-" else Path(found).stem
            free = next(free for n in count(1) if (free := stem if n == 1 else f"{stem}-{n}") not in taken)
            taken.add(free)
            stdin = None if sys.stdin is None else sys.stdin.buffer
            content = (stdin.read(MAX_BYTES + 1) if stdin else b"") if found == "-" else None
            yield Task(found, content, folder and folder / f"{free}-explained.png")


def pictures_in(folder: Path) -> list[str]:
    """The pictures in a folder, by the ends of their names; if there are none, the folder, which is none."""
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    except OSError:  # nor may it be read as a picture, which says why
        found = []
    return [str(path) for path in sorted(found)] or [str(folder)]


def answers(wanted: list[Task]) -> Iterator[Answer]:
    """The answer to each task, in their order; many are read on all cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if len(wanted) <= FEW or cores == 1:
        yield from map(answer, wanted)
        return
    # A child that is forked has the model and all modules already.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(cores, context, initializer=begin_worker) as pool:
        try:
            yield from pool.map(answer, wanted, chunksize=4)
        finally:
            pool.shutdown(cancel_futures=True)


def begin_worker() -> None:
    """Leave interruptions to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@cache
def classifier() -> Classifier:
    """The network, read once."""
    return read_classifier(MODEL)


def answer(task: Task) -> Answer:
    """What the network says of a picture, or why it says nothing."""
    try:
        picture = open_picture(Path(task.name) if task.content is None else task.content)
        reading = read(picture, classifier())
        if task.explanation is not None:
            task.explanation.parent.mkdir(parents=True, exist_ok=True)
            explain(picture, reading, classifier()).save(task.explanation)
    except (BadPicture, NoDigit) as error:
        return {"file": task.name, "error": str(error)}
    except OSError as error:
        return {"file": task.name, "error": f"{task.explanation} cannot be written ({error.strerror or error})"}
    return described(task.name, reading)


def described(name: str, reading: Reading) -> Answer:
    """The two most probable classes, with probabilities to six places: the rest is rounding error of float32."""
    second, best = np.argsort(reading.probabilities, kind="stable")[-2:]
    classes = classifier().description.classes
    digits = [int(label) if label.isdecimal() else label for label in (classes[best], classes[second])]
    chances = [round(float(reading.probabilities[index]), 6) for index in (best, second)]
    keys = "digit", "probability", "second", "second_probability"
    return {"file": name, **dict(zip(keys, (digits[0], chances[0], digits[1], chances[1]), strict=True))}


def printable(value: object) -> str:
    """A name or a message in a line: file names may hold anything."""
    text = str(value)
    return text if text.isprintable() else ascii(text)


def in_words(answer: Answer) -> str:
    """An answer as a line for people."""
    name = printable(answer["file"])
    if "error" in answer:
        return f"{name}: {printable(answer['error'])}"
    says = "" if float(str(answer["probability"])) >= SURE else "not sure, perhaps "
    digit, second = (
        f"{answer[of]} ({float(str(answer[chance])):.1%})"
        for of, chance in (("digit", "probability"), ("second", "second_probability"))
    )
    return f"{name}: {says}{digit}, then {second}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Pillow warns of damaged files, and each has its line already
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever a file is called
    try:
        sys.exit(main())
    except ModelError as error:
        sys.exit(f"predict: {error}; `make repro` makes it")
    except BrokenProcessPool:
        sys.exit("predict: a process that read pictures was killed; was there too little memory?")
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as error:  # a full disk behind standard output, a folder in the place of the model
        sys.exit(f"predict: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
