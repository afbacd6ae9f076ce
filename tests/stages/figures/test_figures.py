from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from digits.normalization import Normalization
from stages.evaluation.corruptions import CORRUPTIONS
from stages.evaluation.metrics import Bin
from stages.figures import confusion, curves, images, reliability, robustness, style
from stages.formats import tables
from stages.formats.datasets import DATASETS
from stages.runtime.errors import UserError
from stages.runtime.paths import PLOTS
from stages.settings.plot import Plot
from stages.settings.train import BatchSettings
from stages.training.log import VALIDATION_COLUMNS
from tests.stages.descriptions import DIGITS, description


@pytest.fixture
def predictions(rng):
    """Labels of 300 images, probabilities that are wrong for about a third of them, and the images."""
    labels = rng.integers(10, size=300).astype(np.uint8)
    logits = rng.standard_normal((300, 10)).astype(np.float32)
    logits[np.arange(300), labels] += 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return rng.random((300, 784)).astype(np.float32), labels, probabilities


CLOTHES = list(DATASETS["fashion-mnist"].classes)
PARAMS = Plot(width=800, smoothing=5, misclassified=40, first_layer=36)
DATASET = description(Normalization(mean=0.0, standard_deviation=1.0))


def training(rotation, smoothing=0.1):
    """The part of the section `train` that plot reads."""
    nothing = dict.fromkeys(
        ("shear", "scale", "shift", "elastic", "thickness", "unchanged_fraction", "halved_at_end"), 0.0
    )
    return BatchSettings.model_validate(
        {
            "seed": 0,
            "augment": {**nothing, "rotation": rotation, "elastic_sigma": 5.0},
            "label_smoothing": smoothing,
            "epochs": 3,
        }
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty project with the curves of a run of 60 logged steps, and tables of evaluate."""
    monkeypatch.chdir(tmp_path)
    rows = [(step, 1, 0.1, 2 / step) for step in range(1, 61)]
    tables.write_table(PLOTS / "training.csv", ("step", "epoch", "learning_rate", "loss"), rows)
    points = [(step, 1, 3 / step, 1 - 1 / step, 2 / step, 1 - 1 / step**2) for step in range(10, 61, 10)]
    tables.write_table(PLOTS / "validation.csv", VALIDATION_COLUMNS, points)
    counts = np.full((10, 10), 2) + 82 * np.eye(10, dtype=int)
    write_confusion(counts)
    bins = [
        Bin(m / 15, (m + 1) / 15, 3 + m**3, 2 + m**3, (m + 0.3) / 15, (2 + m**3) / (3 + m**3))
        for m in range(3, 15)
    ]
    tables.write_table(PLOTS / "calibration.csv", Bin._fields, bins)
    corrupted = [
        (name, strength, 30 * number, 300)
        for name, corruption in CORRUPTIONS.items()
        for number, strength in enumerate(corruption.strengths)
    ]
    tables.write_table(PLOTS / "robustness.csv", ("corruption", "strength", "errors", "images"), corrupted)
    return tmp_path


def write_confusion(counts):
    """The table of evaluate: a row for each cell of the matrix."""
    rows = [(i, j, n, n / counts[i].sum()) for (i, j), n in np.ndenumerate(counts)]
    tables.write_table(PLOTS / "confusion.csv", ("actual", "predicted", "count", "share"), rows)


def drawn(folder, predictions, classes=DIGITS, width=800):
    """Every picture, drawn."""
    pixels, labels, probabilities = predictions
    weights = np.random.default_rng(0).standard_normal((784, 50))
    style.save(curves.loss_curve(PARAMS, training(15), validated=True), "loss_curve", width)
    style.save(curves.accuracy_curve(validated=True), "accuracy_curve", width)
    style.save(confusion.confusion_matrix(classes), "confusion_matrix", width)
    style.save(images.misclassified(pixels, labels, probabilities, classes, 40), "misclassified", width)
    style.save(images.augmented(pixels[:10], training(15), DATASET), "augmented", width, style.GRAYS)
    style.save(images.first_layer(weights, 36, width), "first_layer", width)
    style.save(reliability.reliability(), "reliability", width)
    style.save(robustness.robustness(pixels[0]), "robustness", width)
    return sorted((folder / PLOTS).glob("*.png"))


def opened(path):
    """A picture, read."""
    with Image.open(path) as picture:
        picture.load()
        return picture


@pytest.mark.parametrize("classes", [DIGITS, CLOTHES])
def test_every_picture_is_800_pixels_wide_small_and_without_date_or_version(folder, predictions, classes):
    paths = drawn(folder, predictions, classes)
    assert len(paths) == 8
    for path in paths:
        assert opened(path).width == 800
        assert not opened(path).info
        # Noise, which is what these weights and images are, packs worst of all.
        assert path.stat().st_size < (60_000 if "curve" in path.name else 100_000), path.name


def test_a_picture_has_the_width_asked_for(folder, predictions):
    assert {opened(path).width for path in drawn(folder, predictions, width=500)} == {500}


def test_the_same_input_gives_the_same_bytes(folder, predictions):
    first = [path.read_bytes() for path in drawn(folder, predictions)]
    assert [path.read_bytes() for path in drawn(folder, predictions)] == first


def test_the_shades_of_the_confusion_matrix_are_those_of_the_colormap(folder):
    correct = 1000 - 60 * np.arange(10)  # another share of each class
    write_confusion(np.diag(correct) + np.roll(np.diag(1000 - correct), 1, axis=1))
    figure = confusion.confusion_matrix(DIGITS)
    style.save(figure, "confusion_matrix", 800, style.ALL_COLORS)
    shades = np.asarray(opened(folder / PLOTS / "confusion_matrix.png").convert("RGB")).reshape(-1, 3)
    for digit in range(10):
        wanted = 255 * np.array(mpl.colormaps["Blues"](np.sqrt(1 - 0.06 * digit))[:3])
        assert np.abs(shades - wanted).max(axis=1).min() < 6


def test_the_confusion_matrix_shows_the_counts_of_the_table_and_how_many_are_correct(folder):
    (axes,) = confusion.confusion_matrix(DIGITS).axes
    assert {int(text.get_text()) for text in axes.texts} == {2, 84}
    assert axes.get_title().startswith("840 of 1,020 test images ")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "actual")


@pytest.mark.parametrize("k", [2, 10, 12, 25, 47, 100, 256])
def test_neither_counts_nor_names_overlap_however_many_classes_there_are(folder, k):
    write_confusion(np.full((k, k), 123) + 900 * np.eye(k, dtype=int))
    figure = confusion.confusion_matrix([f"class {number}" for number in range(k)])
    figure.set_dpi(100)
    figure.canvas.draw()
    (axes,) = figure.axes
    cell = axes.get_window_extent().width / k
    assert len(axes.texts) == (k**2 if k <= 25 else 0)
    assert all(text.get_window_extent().width < cell for text in axes.texts[: k + 1])
    names = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(above.y0 >= below.y1 - 1 for above, below in pairwise(names))
    assert all(float(label.get_fontsize()) >= confusion.SMALLEST for label in axes.get_yticklabels())


def test_the_sheet_of_deformed_images_shows_twenty_classes_at_most(predictions):
    pixels, labels, _ = predictions
    assert len(images.first_of_each_class(pixels, labels)) == 10
    assert len(images.first_of_each_class(pixels, np.arange(100, dtype=np.uint8))) == 20


def test_a_confusion_table_of_other_classes_is_refused(folder):
    write_confusion(np.ones((9, 9), int))
    with pytest.raises(UserError, match=r"confusion\.csv has 81 rows, not 100"):
        confusion.confusion_matrix(DIGITS)


def test_the_curves_have_labeled_axes_and_a_legend(folder):
    (axes,) = curves.loss_curve(PARAMS, training(15), validated=True).axes
    assert axes.get_xlabel() == "iteration"
    assert axes.get_ylabel() == "cross-entropy (nats)"
    assert labels_of(axes) == ["batches (deformed, smoothed), mean of 5", "training images", "validation images"]
    (axes,) = curves.accuracy_curve(validated=True).axes
    assert axes.get_ylabel() == "accuracy (%)"
    assert labels_of(axes) == ["training images", "validation images"]


def labels_of(axes):
    """The texts of the legend."""
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("rotation", "smoothing", "described"),
    [(15, 0.1, " (deformed, smoothed)"), (0, 0.1, " (smoothed)"), (15, 0.0, " (deformed)"), (0, 0.0, "")],
)
def test_the_curve_of_the_batches_says_how_they_differ_from_the_images(rotation, smoothing, described):
    assert curves.describe(training(rotation, smoothing)) == described


def test_each_curve_is_drawn_from_its_column(folder):
    (loss,) = curves.loss_curve(PARAMS, training(15), validated=True).axes
    (accuracy,) = curves.accuracy_curve(validated=True).axes
    steps = np.arange(10, 61, 10)
    for line, values in (
        (loss.lines[2], 2 / steps),
        (loss.lines[3], 3 / steps),
        (accuracy.lines[0], 100 - 100 / steps**2),
        (accuracy.lines[1], 100 - 100 / steps),
    ):
        assert np.asarray(line.get_xdata()) == pytest.approx(steps)
        assert np.asarray(line.get_ydata()) == pytest.approx(values)


def test_the_smoothed_loss_is_the_moving_average(folder):
    (axes,) = curves.loss_curve(PARAMS, training(15), validated=True).axes
    smooth = axes.lines[1]
    losses = [2 / step for step in range(1, 61)]
    assert np.asarray(smooth.get_xdata())[0] == 3  # the middle of the first five
    assert np.asarray(smooth.get_ydata())[0] == pytest.approx(np.mean(losses[:5]))


def test_without_validation_images_the_curves_show_training_images_and_say_so(folder):
    tables.write_table(PLOTS / "validation.csv", VALIDATION_COLUMNS, [(10, 1, None, None, 0.5, 0.9)])
    (loss,) = curves.loss_curve(PARAMS, training(15), validated=False).axes
    (accuracy,) = curves.accuracy_curve(validated=False).axes
    for axes in (loss, accuracy):
        assert "no validation images" in axes.get_title()
        assert labels_of(axes)[-1] == "training images"


def test_the_most_confident_errors_come_first(predictions):
    pixels, labels, probabilities = predictions
    figure = images.misclassified(pixels, labels, probabilities, DIGITS, 3)
    wrong = probabilities.argmax(axis=1) != labels
    largest = probabilities[wrong].max()
    assert f"({largest:.1%})" in figure.axes[0].get_title()
    assert sum(bool(axes.images) for axes in figure.axes) == 3


def test_a_misclassified_image_has_the_probabilities_of_its_predicted_and_its_actual_class():
    probabilities = np.zeros((1, 10), np.float32)
    probabilities[0, [3, 5, 8]] = 0.9, 0.085, 0.015
    figure = images.misclassified(
        np.zeros((1, 784), np.float32), np.array([5], np.uint8), probabilities, DIGITS, 40
    )
    assert figure.axes[0].get_title() == "3 (90.0%)\nis 5 (8.5%)"


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.99995, ">99.9%"), (0.0002, "<0.1%"), (0.5, "50.0%"), (0.001, "0.1%")]
)
def test_a_probability_is_never_rounded_to_all_or_nothing(probability, shown):
    assert images.percentage(probability) == shown


def test_the_reliability_shows_each_bin_with_its_interval(folder):
    upper, lower = reliability.reliability().axes
    heights = [bar.get_height() for bar in upper.containers[0]]
    assert heights == pytest.approx([(2 + m**3) / (3 + m**3) for m in range(3, 15)])
    assert [bar.get_height() for bar in lower.containers[0]] == [3 + m**3 for m in range(3, 15)]
    n = sum(3 + m**3 for m in range(3, 15))
    error = sum(abs(2 + m**3 - (3 + m**3) * (m + 0.3) / 15) for m in range(3, 15)) / n
    assert upper.get_title().endswith(f"{error:.2%}")


def test_the_robustness_shows_a_curve_and_an_image_for_each_strength(folder, predictions):
    pixels, _, _ = predictions
    panels = robustness.robustness(pixels[0]).axes[:4]
    for axes, (name, corruption) in zip(panels, CORRUPTIONS.items(), strict=True):
        assert axes.get_title() == name.capitalize()
        (line,) = axes.lines
        assert np.asarray(line.get_xdata()).tolist() == list(corruption.strengths)
        assert np.asarray(line.get_ydata()) == pytest.approx([100, 90, 80, 70, 60, 50])
        examples = [np.asarray(child.images[0].get_array()) for child in axes.child_axes]
        assert len(examples) == len(corruption.strengths)
        unchanged = examples[corruption.strengths.index(0)]
        assert unchanged == pytest.approx(pixels[0].reshape(28, 28), abs=1e-6)


def test_a_classifier_without_errors_gets_a_picture_too(predictions):
    pixels, labels, _ = predictions
    figure = images.misclassified(pixels, labels, np.eye(10, dtype=np.float32)[labels], DIGITS, 40)
    assert figure.get_suptitle() == "All 300 test images classified correctly"


def test_a_unit_without_weights_is_drawn_without_a_warning(folder):
    weights = np.zeros((784, 3))
    weights[:, 1] = 1
    style.save(images.first_layer(weights, 36, 800), "first_layer", 800)


@pytest.mark.parametrize("rotation", [0, 15])
def test_the_sheet_of_deformations_begins_each_line_with_the_image_itself(predictions, rotation):
    pixels, _, _ = predictions
    figure = images.augmented(pixels[:3], training(rotation), DATASET)
    mosaic = np.asarray(figure.axes[0].images[0].get_array())
    for row in range(3):
        line = mosaic[30 * row + 1 : 30 * row + 29]
        original = line[:, 1:29]
        assert np.array_equal(original, pixels[row].reshape(28, 28))
        for column in range(1, images.DEFORMATIONS + 1):
            same = np.array_equal(line[:, 30 * column + 5 : 30 * column + 33], original)
            assert same == (rotation == 0)


def test_the_sheet_shows_the_first_image_of_each_class():
    pixels = np.arange(6, dtype=np.float32)[:, None]
    labels = np.array([3, 3, 0, 1, 0, 1], np.uint8)
    assert images.first_of_each_class(pixels, labels)[:, 0].tolist() == [0, 2, 3]
