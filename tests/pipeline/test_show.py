"""What DVC's own commands show of parameters, metrics and plots."""

import json

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
    "Loss, training and validation",
    "Learning rate",
    "Accuracy on the validation images",
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


def test_metrics_show_has_a_row_for_each_file_and_no_lists(reproduced):
    table = reproduced.dvc("metrics", "show")
    header, *body = rows(table)
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in body}
    assert cells.keys() == {"metrics/train.json", "metrics/validation.json", "metrics/test.json"}
    for name, column in (("validation", "accuracy"), ("test", "accuracy"), ("train", "validation_accuracy")):
        accuracy = json.loads((reproduced.path / "metrics" / f"{name}.json").read_text())[column]
        assert float(cells[f"metrics/{name}.json"][column]) == round(accuracy, 5)
    assert {"precision", "recall", "f1"}.isdisjoint(header)


def test_every_metric_beside_the_last_commit_fits_a_narrow_screen(reproduced):
    table = reproduced.dvc("metrics", "diff", "--all")
    assert max(map(len, table.splitlines())) <= 80
    for name in ("train", "validation", "test"):
        figures = json.loads((reproduced.path / "metrics" / f"{name}.json").read_text())
        shown = {row[1] for row in rows(table) if row[0] == f"metrics/{name}.json"}
        assert shown == {key for key, figure in figures.items() if not isinstance(figure, list)}


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
