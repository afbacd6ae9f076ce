"""The notebooks in docs/lesson say what they said when they were committed, and share one form."""

import base64
import io
import json
import platform
import re
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from tests import ROOT

LESSON = ROOT / "docs" / "lesson"
NOTEBOOKS = sorted(LESSON.glob("*.ipynb"))
FIRST_CELL = """\
import os
import sys
from pathlib import Path

os.environ["OPENBLAS_CORETYPE"] = "Haswell"  # one kernel, one thread: the same sums on every CPU with AVX2
os.environ["OPENBLAS_NUM_THREADS"] = "1"
root = next(path for path in [Path.cwd(), *Path.cwd().parents] if (path / "pyproject.toml").exists())
os.chdir(root)
sys.path[:0] = [str(root), str(root / "docs" / "lesson")]"""

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells(path, kind="code"):
    """The cells of a notebook."""
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def pictures(path):
    """The PNG files in the outputs of a notebook, with the cells that drew them."""
    for cell in cells(path):
        for output in cell["outputs"]:
            if "image/png" in output.get("data", {}):
                yield cell, base64.b64decode("".join(output["data"]["image/png"]))


def runs_in(path):
    """The first three run in .ci/run."""
    marks = [pytest.mark.slow] if path.name < "4" else [pytest.mark.slow, pytest.mark.long]
    return pytest.param(path, marks=marks, id=path.stem)


@pytest.mark.parametrize("path", [runs_in(path) for path in NOTEBOOKS])
def test_a_notebook_runs_from_start_to_end_and_says_what_is_committed(path):
    pytest.importorskip("nbclient", reason="needs the extra `lesson` (make lesson-test)")
    from tests import notebooks  # noqa: PLC0415

    now = notebooks.run(path)
    if platform.machine() in {"x86_64", "AMD64"}:  # others have other kernels, and so other last digits
        changed = notebooks.differences(notebooks.read(path), now)
        remedy = f"if that is right: python -m tests.notebooks {path.relative_to(ROOT)}"
        assert not changed, "\n".join([*changed, remedy])


@pytest.mark.slow
def test_what_is_missing_in_a_picture_or_in_a_line_is_a_difference():
    nbformat = pytest.importorskip("nbformat", reason="needs the extra `lesson` (make lesson-test)")
    from tests import notebooks  # noqa: PLC0415

    def drawn(curves, text="0.5"):
        figure = Figure(figsize=(8, 4))
        axes = figure.subplots()
        for number in range(curves):
            axes.plot([0, 1], [number, 1], ":", color="C0", lw=1)
        png = io.BytesIO()
        figure.savefig(png)
        data = {"text/plain": text, "image/png": base64.b64encode(png.getvalue()).decode()}
        cell = nbformat.v4.new_code_cell("draw()", outputs=[nbformat.v4.new_output("display_data", data)])
        cell.id = "curves"
        return nbformat.v4.new_notebook(cells=[cell])

    assert notebooks.differences(drawn(3), drawn(3)) == []
    assert notebooks.differences(drawn(3), drawn(2)) == ["curves: the picture has changed"]
    assert "is now display_data: 0.6" in notebooks.differences(drawn(3), drawn(3, "0.6"))[0]
    no_output = drawn(3)
    no_output.cells[0].outputs = []
    assert "is now nothing" in notebooks.differences(drawn(3), no_output)[0]


def test_there_are_six_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_", "4_", "5_", "6_"]


@each_notebook
def test_the_first_cell_pins_kernel_and_threads_of_blas_before_numpy_is_loaded(path):
    assert source(cells(path)[0]) == FIRST_CELL


@each_notebook
def test_no_cell_is_over_25_lines(path):
    assert max(len(source(cell).splitlines()) for cell in cells(path)) <= 25


@each_notebook
def test_all_cells_have_run_once_from_top_to_bottom(path):
    assert [cell["execution_count"] for cell in cells(path)] == list(range(1, len(cells(path)) + 1))


@each_notebook
def test_nothing_that_changes_from_run_to_run_is_committed(path):
    text = path.read_text("utf-8")
    notebook = json.loads(text)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert all(set(cell["metadata"]) <= {"alt", "tags"} for cell in notebook["cells"])
    outputs = [output for cell in cells(path) for output in cell["outputs"]]
    assert not [output for output in outputs if output.get("name") == "stderr" or output["output_type"] == "error"]
    said = json.dumps([{**output, "data": {**output.get("data", {}), "image/png": ""}} for output in outputs])
    assert not re.search(r"0x[0-9a-f]{6,}|/home/|/root/|/tmp/|Users", said)


@each_notebook
def test_a_cell_has_a_name_of_words(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell["id"]), cell["id"]
        assert not re.fullmatch(r"[0-9a-f]{8}", cell["id"]), "a random name, as editors give them to new cells"


@each_notebook
def test_a_picture_has_words_for_who_cannot_see_it(path):
    drawn = list(pictures(path))
    assert drawn
    for cell, _ in drawn:
        assert len(cell["metadata"].get("alt", "")) > 30, cell["id"]


@each_notebook
def test_a_notebook_has_one_title_and_headings_in_order(path):
    text = "\n".join(source(cell) for cell in cells(path, "markdown"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


@each_notebook
def test_a_notebook_links_to_what_is_there(path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", "\n".join(map(source, cells(path, "markdown")))):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@each_notebook
def test_a_code_host_shows_the_whole_notebook(path):
    assert len(path.read_bytes()) < 700_000


def test_the_graph_in_the_readme_is_that_of_notebook_3():
    (graph,) = (
        png for cell, png in pictures(LESSON / "3_backpropagation.ipynb") if cell["id"] == "computation-graph"
    )
    assert (LESSON / "computation-graph.png").read_bytes() == graph


def test_the_pictures_together_are_under_3_mb():
    assert sum(len(png) for path in NOTEBOOKS for _, png in pictures(path)) < 3_000_000
