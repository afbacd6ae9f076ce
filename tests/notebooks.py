"""The notebooks in docs/lesson, run from start to end.

`python -m tests.notebooks docs/lesson/NAME.ipynb ...` runs them and writes their outputs into them, in one form.
"""

import base64
import io
import json
import os
import sys
import time
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import numpy as np
from nbclient import NotebookClient
from numpy.typing import NDArray
from PIL import Image

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
GREY_LEVELS = 4  # of 255; a label or a curve that is missing changes a square of a picture by more
DATA = ("mnist", "5f1aae8a")  # and the split into training and validation images
Cell = Any  # of nbformat, which has no types


def read(path: Path) -> Cell:
    """The notebook as it is."""
    return nbformat.read(path, as_version=4)


def run(path: Path) -> Cell:
    """The notebook with the outputs that it has now, and nothing in its metadata that changes from run to run."""
    notebook = read(path)
    check_data()
    client = NotebookClient(
        notebook,
        extra_arguments=["--log-level=ERROR"],  # or it warns of who might listen on 127.0.0.1
        resources={"metadata": {"path": str(path.parent)}},  # where the kernel begins, as in JupyterLab
        record_timing=False,
        coalesce_streams=True,
        startup_timeout=300,
        timeout=600,
    )
    with TemporaryDirectory() as empty:  # no settings but those of the notebook: they would change its pictures
        (Path(empty) / "matplotlibrc").touch()
        client.execute(env={**os.environ, "IPYTHONDIR": empty, "MATPLOTLIBRC": empty, "MPLBACKEND": ""})
    notebook.metadata = {**KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {name: cell.metadata[name] for name in ("alt", "tags") if name in cell.metadata}
    return notebook


def check_data() -> None:
    """Exit unless the data are those that the committed parameters make."""
    path = Path("data/preprocessed/dataset.json")
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if (found.get("dataset"), found.get("split_sha256", "")[:8]) != DATA:
        raise SystemExit(
            f"{path} is not of the committed params.yaml: restore that, and run `dvc repro preprocess`"
        )


def differences(committed: Cell, now: Cell) -> list[str]:
    """In what the outputs of two runs differ: not at all in text, by a trace in pictures; not those of timings."""
    found = []
    for before, after in zip_longest(committed.cells, now.cells):
        if "outputs" not in before or "timing" in before.metadata.get("tags", []):
            continue
        for old, new in zip_longest(before.outputs, after.outputs, fillvalue={"output_type": "nothing"}):
            if content(old) != content(new):
                found.append(f"{before.id}: {content(old)}\nis now {content(new)}")
            elif picture(old) is not None and not look_alike(picture(old), picture(new)):
                found.append(f"{before.id}: the picture has changed")
    return found


def content(output: Cell) -> str:
    """What can be read in an output."""
    data = {kind: text for kind, text in output.get("data", {}).items() if kind != "image/png"}
    text = output.get("text") or "\n".join(
        f"{kind} {data[kind]}".removeprefix("text/plain ") for kind in sorted(data)
    )
    return f"{output.get('name', output['output_type'])}: {text}"


def picture(output: Cell) -> str | None:
    """The PNG of an output, as base64; None if there is none."""
    encoded: str | None = output.get("data", {}).get("image/png")
    return encoded


def look_alike(before: str | None, after: str | None) -> bool:
    """Whether no part of two pictures differs by more than one bit in a number can move a blurred edge."""
    if before is None or after is None:
        return before is after
    one, other = map(parts, (before, after))
    return one.shape == other.shape and float(np.abs(one - other).max()) < GREY_LEVELS


def parts(png: str) -> NDArray[np.float64]:
    """The mean grey of each square of 16 x 16 pixels of a picture."""
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"), float)
    rows, columns = (np.arange(0, length, 16) for length in picture.shape)
    return np.add.reduceat(np.add.reduceat(picture, rows, axis=0), columns, axis=1) / 256


def main(paths: list[str]) -> None:
    """Renew the outputs of notebooks."""
    for name in paths:
        started = time.monotonic()
        notebook = run(Path(name))
        part = Path(f"{name}.part")
        nbformat.write(notebook, part)
        part.replace(name)
        print(f"{name}: {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
