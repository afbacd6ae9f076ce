"""What DVC's own commands show of parameters, metrics and plots."""

import json
import sys

import pytest

from tests.pipeline.projects import succeeded

DVC = (sys.executable, "-m", "dvc")
PICTURES = (
    "loss_curve",
    "accuracy_curve",
    "confusion_matrix",
    "misclassified",
    "augmented",
    "first_layer",
    "reliability",
    "robustness",
)
TITLES = (
    "Loss: batches, training images, validation images",
    "Learning rate",
    "Accuracy: training images, validation images",
    "Confusion matrix, test images",
    "Confusion matrix, test images, in % of each class",
    "Recall of each class, test images",
    "Reliability: accuracy over confidence, test images",
    "Accuracy on corrupted test images",
)


def rows(table):
    """The lines of a table of dvc, split into its cells."""
    return [line.split() for line in table.splitlines()]


def test_params_diff_shows_a_changed_parameter(retrained):
    project, _ = retrained
    assert rows(project.dvc("params", "diff")) == [
        ["Path", "Param", "HEAD", "workspace"],
        ["params.yaml", "train.learning_rate", "0.0002", "0.001"],
    ]


def test_metrics_show_is_two_rows_that_fit_100_columns(reproduced):
    table = reproduced.dvc("metrics", "show")
    header, *body = rows(table)
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in body}
    assert max(map(len, table.splitlines())) <= 100
    shown = {"train": {"epoch", "train_loss", "val_loss", "val_accuracy"}, "test": {"accuracy", "errors", "loss"}}
    assert cells.keys() == {f"metrics/{name}.json" for name in shown}
    for name, columns in shown.items():
        figures = reproduced.found(name)
        found = {column: cell for column, cell in cells[f"metrics/{name}.json"].items() if cell != "-"}
        assert {column: float(cell) for column, cell in found.items() if column != "Path"} == {
            column: round(figures[column], 5) for column in columns
        }


def test_metrics_diff_fits_a_narrow_screen(retrained):
    project, _ = retrained
    table = project.dvc("metrics", "diff")
    assert max(map(len, table.splitlines())) <= 80
    assert {row[1] for row in rows(table)[1:]} >= {"train_loss", "val_loss", "loss"}


@pytest.mark.slow
def test_the_table_of_experiments_that_train_fits_120_columns_and_shows_what_differs(project):
    for number, change in enumerate(("train.activation=gelu", "train.hidden=[16]")):
        project.dvc("exp", "run", "--name", f"try-{number}", "--set-param", change, "train")
        project.git("restore", ".")
    table = succeeded(project.run(*DVC, "exp", "show", "--only-changed", "--no-pager", env={"COLUMNS": "120"}))
    assert max(map(len, table.splitlines())) <= 120
    assert "…" not in table  # where a column would not fit
    for column in ("train_loss", "val_loss", "val_accuracy", "train.hidden", "train.activation"):
        assert column in table.splitlines()[1], table


def test_metrics_diff_shows_what_another_learning_rate_changed(retrained):
    project, _ = retrained
    changed = json.loads(project.dvc("metrics", "diff", "--json"))
    accuracy = changed["metrics/test.json"]["accuracy"]
    assert accuracy["new"] > accuracy["old"]
    assert changed["metrics/train.json"]["train_loss"]["diff"] < 0


def test_plots_show_writes_a_page_with_every_plot(reproduced, tmp_path):
    reproduced.dvc("plots", "show", "--out", str(tmp_path))
    page = (tmp_path / "index.html").read_text()
    for title in TITLES:
        assert f'"text": "{title}"' in page
    for name in PICTURES:
        assert f"<p>plots/{name}.png</p>" in page
        drawn = (reproduced.path / "plots" / f"{name}.png").read_bytes()
        assert (tmp_path / "static" / f"workspace_plots_{name}.png").read_bytes() == drawn


def test_plots_diff_puts_two_trainings_beside_each_other(retrained, tmp_path):
    project, _ = retrained
    project.dvc("plots", "diff", "HEAD", "--out", str(tmp_path))
    page = (tmp_path / "index.html").read_text()
    for title in TITLES:
        assert f'"text": "{title}"' in page
    assert '"rev": "HEAD"' in page
    assert '"rev": "workspace"' in page
    curves = [tmp_path / "static" / f"{revision}_plots_loss_curve.png" for revision in ("HEAD", "workspace")]
    assert curves[0].read_bytes() != curves[1].read_bytes()
