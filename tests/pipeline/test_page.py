"""The page of `dvc plots`, as a browser without a network draws it."""

import csv
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from PIL import Image

from stages.evaluate import CONFUSION_COLUMNS, PER_CLASS_COLUMNS
from stages.formats.tables import write_table
from tests.devtools import chromium
from tests.pipeline.projects import succeeded
from tests.pipeline.test_show import PICTURES, TITLES
from tests.screenshot import browser, open_page

pytestmark = pytest.mark.skipif(browser() is None, reason="needs Chromium (Debian: chromium)")

LINES = {"Loss": 3, "plots_validation_csv": 2, "plots_training_csv": 1}
CURVES = tuple(LINES)
MATRICES = ("plots_confusion_csv", "Confusion_matrix_shares")
MARKS = ("line mark", "point", "rect mark", "text mark")
TRUST = ("plots_calibration_csv", "plots_robustness_csv")
TOO_WIDE = """Array.from(document.querySelectorAll(".card"))
  .filter((card) => card.scrollWidth > card.clientWidth).map((card) => card.textContent)"""
DRAWN = """new Promise((done) => {
  const look = () => document.documentElement.dataset.state === "complete" ? done(true) : setTimeout(look, 50);
  look();
})"""
CHARTS = (*CURVES, *MATRICES, "plots_per_class_csv", *TRUST)


@dataclass
class Chart:
    """What is drawn in a chart: how many visible marks of each kind, and the texts among them."""

    marks: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)


class Drawn(HTMLParser):
    """The page as its scripts left it: charts by id, pictures, and what it says of itself."""

    def __init__(self, dom: str) -> None:
        super().__init__()
        self.state: dict[str, str | None] = {}
        self.charts: dict[str, Chart] = {}
        self.pictures: list[str] = []
        self.text: list[str] = []
        self.chart = Chart()
        self.in_text_mark = False
        self.feed(re.sub(r"<(script|style)\b.*?</\1>", "", dom, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        kind = attributes.get("aria-roledescription")
        if tag == "html" and not self.state:
            self.state = attributes
        elif "data-drawn" in attributes:
            self.chart = self.charts[str(attributes["id"])] = Chart()
        elif "data-loaded" in attributes:
            self.pictures.append(str(attributes["src"]))
        elif kind in MARKS and attributes.get("opacity") != "0":
            self.chart.marks[kind] += 1
            self.in_text_mark = kind == "text mark"

    def handle_endtag(self, tag):
        self.in_text_mark = False

    def handle_data(self, data):
        if self.in_text_mark:
            self.chart.texts.append(data)
        self.text.append(data)


def drawn(page):
    """What the browser makes of a page; fails where it has anything to say about it."""
    seen = open_page(page, "--dump-dom")
    assert [line for line in seen.stderr.splitlines() if "CONSOLE" in line] == []
    found = Drawn(seen.stdout)
    assert found.state["data-state"] == "complete"
    assert "data-problems" not in found.state
    return found


def table(project, name):
    with (project.path / "plots" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def shown(reproduced, tmp_path_factory):
    project = reproduced.copy(tmp_path_factory.mktemp("page") / "a space and ä")
    project.dvc("plots", "show")
    return drawn(project.path / "dvc_plots" / "index.html")


def test_every_chart_is_drawn_and_every_picture_is_loaded(shown):
    assert shown.charts.keys() == set(CHARTS)
    assert {f"static/workspace_plots_{name}.png" for name in PICTURES} == set(shown.pictures)
    for title in TITLES:
        assert title in shown.text


def test_the_curves_are_lines_with_a_point_for_each_row_where_rows_are_few(reproduced, shown):
    training, validation = len(table(reproduced, "training")), len(table(reproduced, "validation"))
    assert 1 < training <= 60
    assert 1 < validation <= 60
    points = dict(zip(CURVES, (training + 2 * validation, 2 * validation, training), strict=True))
    for name, lines in LINES.items():
        assert shown.charts[name].marks == {"line mark": lines, "point": points[name]}
    for text in ("batches (as trained on)", "training images", "validation images"):
        assert text in shown.text


def test_the_matrices_show_every_number(reproduced, shown):
    cells = table(reproduced, "confusion")
    counts, shares = (shown.charts[name] for name in MATRICES)
    for matrix in (counts, shares):
        assert matrix.marks == {"rect mark": 100, "text mark": 100}
    assert counts.texts == [cell["count"] for cell in cells]
    percent = [f"{100 * float(cell['share']):.1f}" for cell in cells]
    assert shares.texts == ["0" if value == "0.0" else value for value in percent]


def test_the_recall_of_each_class_is_a_point_and_a_number(reproduced, shown):
    chart = shown.charts["plots_per_class_csv"]
    assert chart.marks == {"point": 10, "text mark": 10}
    assert chart.texts == [f"{float(row['recall']):.2%}" for row in table(reproduced, "per_class")]


def test_calibration_and_robustness_have_a_point_for_each_row(reproduced, shown):
    for name in TRUST:
        rows = table(reproduced, name.split("_")[1])
        assert shown.charts[name].marks["point"] == len(rows) > 1


def test_the_head_of_the_page_says_how_many_test_images_were_misclassified(reproduced, shown):
    wrong = sum(
        int(cell["count"]) for cell in table(reproduced, "confusion") if cell["actual"] != cell["predicted"]
    )
    assert f"{wrong} of 200" in shown.text


@pytest.mark.slow
@pytest.mark.parametrize(("k", "numbers"), [pytest.param(12, True, marks=pytest.mark.long), (100, False)])
def test_no_chart_is_wider_than_its_card_however_many_classes_there_are(project, tmp_path, k, numbers):
    names = ["backslash", *(f"thing {number}" for number in range(k - 1))]
    cells = [(actual, predicted, 7, 1 / k) for actual in names for predicted in names]
    write_table(project.path / "plots/confusion.csv", CONFUSION_COLUMNS, cells)
    write_table(
        project.path / "plots/per_class.csv", PER_CLASS_COLUMNS, [(name, 0.9, 0.8, 0.85) for name in names]
    )
    project.dvc("plots", "show", "--out", str(tmp_path / "shown"))
    found = drawn(tmp_path / "shown" / "index.html")
    for name in MATRICES:
        assert found.charts[name].marks == {"rect mark": k**2} | ({"text mark": k**2} if numbers else {})
    assert found.charts["plots_per_class_csv"].marks == {"point": k, "text mark": k}
    with chromium() as window:
        window.size(1280, 800)
        window.open(tmp_path / "shown" / "index.html")
        window.evaluate(DRAWN)
        assert window.evaluate(TOO_WIDE) == []


def test_a_diff_draws_both_revisions_in_every_chart(retrained, tmp_path):
    project, _ = retrained
    project.dvc("plots", "diff", "HEAD", "--out", str(tmp_path))
    found = drawn(tmp_path / "index.html")
    for name, lines in LINES.items():
        assert found.charts[name].marks["line mark"] == 2 * lines
    for name in MATRICES:
        assert found.charts[name].marks == {"rect mark": 200, "text mark": 200}
    assert found.charts["plots_per_class_csv"].marks == {"point": 20, "text mark": 20}
    expected = {f"static/{rev}_plots_{name}.png" for rev in ("HEAD", "workspace") for name in PICTURES}
    assert set(found.pictures) == expected


def test_one_epoch_is_a_point_in_every_curve_and_a_run_without_validation_is_no_error(project, tmp_path):
    for name in ("training", "validation"):
        path = project.path / "plots" / f"{name}.csv"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    project.dvc("plots", "show", "--out", str(tmp_path / "one"))
    one = drawn(tmp_path / "one" / "index.html")
    assert [one.charts[name].marks["point"] for name in CURVES] == [3, 2, 1]

    path.write_text(path.read_text().splitlines(keepends=True)[0] + "10,1,,,0.5,0.9\n")
    project.dvc("plots", "show", "--out", str(tmp_path / "none"))
    none = drawn(tmp_path / "none" / "index.html")
    assert [none.charts[name].marks["point"] for name in CURVES] == [2, 1, 1]
    assert "There are no validation images: preprocess.validation_size is 0." in none.text
    assert "validation images" not in none.text


def test_a_page_of_one_chart_says_nothing_of_validation_images(reproduced, tmp_path):
    reproduced.dvc("plots", "show", "Loss", "--out", str(tmp_path))
    found = drawn(tmp_path / "index.html")
    assert found.charts["Loss"].marks["line mark"] == LINES["Loss"]
    assert "There are no validation images: preprocess.validation_size is 0." not in found.text


def test_a_picture_that_was_left_behind_is_named_on_the_page(reproduced, tmp_path):
    reproduced.dvc("plots", "show", "--out", str(tmp_path))
    shutil.move(tmp_path / "index.html", tmp_path / "static" / "index.html")
    found = Drawn(open_page(tmp_path / "static" / "index.html", "--dump-dom").stdout)
    assert found.charts.keys() == set(CHARTS)
    assert found.pictures == []
    assert found.state["data-problems"] == str(len(PICTURES))
    missing = "static/workspace_plots_first_layer.png is missing: it belongs beside this page."
    assert missing in found.text


@pytest.mark.slow
def test_the_picture_of_the_page_is_small_and_has_a_palette(project):
    succeeded(project.run(sys.executable, "-m", "tests.screenshot"))
    path = project.path / "docs" / "plots-page.png"
    with Image.open(path) as picture:
        assert picture.mode == "P"
        assert picture.width == 960
        assert picture.height > 1000
    assert path.stat().st_size < 200_000
