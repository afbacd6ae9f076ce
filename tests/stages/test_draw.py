import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from stages import draw, tables


@pytest.fixture
def predictions(rng):
    """Labels of 300 images, probabilities that are wrong for about a third of them, and the images."""
    labels = rng.integers(10, size=300).astype(np.uint8)
    logits = rng.standard_normal((300, 10)).astype(np.float32)
    logits[np.arange(300), labels] += 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return rng.random((300, 784)).astype(np.float32), labels, probabilities


DIGITS = [str(digit) for digit in range(10)]
CLOTHES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
PARAMS = draw.Draw(width=800, smoothing=5, misclassified=40, first_layer=36)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty project with the curves of a run of 60 logged steps."""
    monkeypatch.chdir(tmp_path)
    rows = [(step, 1, 0.1, 2 / step) for step in range(1, 61)]
    tables.write_table(draw.PLOTS / "training.csv", ("step", "epoch", "learning_rate", "loss"), rows)
    points = [(step, 1, 3 / step, 1 - 1 / step) for step in range(10, 61, 10)]
    tables.write_table(draw.PLOTS / "validation.csv", ("step", "epoch", "loss", "accuracy"), points)
    return tmp_path


def pictures(folder, predictions, classes=DIGITS, width=800):
    """Every picture, drawn."""
    pixels, labels, probabilities = predictions
    weights = np.random.default_rng(0).standard_normal((784, 50))
    draw.save(draw.loss_curve(PARAMS), "loss_curve", width)
    draw.save(draw.accuracy_curve(), "accuracy_curve", width)
    draw.save(draw.confusion_matrix(labels, probabilities, classes), "confusion_matrix", width)
    draw.save(draw.misclassified(pixels, labels, probabilities, classes, 40), "misclassified", width)
    draw.save(draw.first_layer(weights, 36, width), "first_layer", width)
    return sorted((folder / draw.PLOTS).glob("*.png"))


def opened(path):
    """A picture, read."""
    with Image.open(path) as picture:
        picture.load()
        return picture


@pytest.mark.parametrize("classes", [DIGITS, CLOTHES])
def test_every_picture_is_800_pixels_wide_and_small_enough_for_git(folder, predictions, classes):
    paths = pictures(folder, predictions, classes)
    assert len(paths) == 5
    for path in paths:
        assert opened(path).width == 800
        # Noise, which is what these weights and images are, packs worst of all.
        assert path.stat().st_size < (60_000 if "curve" in path.name else 100_000), path.name


def test_a_picture_has_the_width_asked_for(folder, predictions):
    assert {opened(path).width for path in pictures(folder, predictions, width=500)} == {500}


def test_the_same_input_gives_the_same_bytes(folder, predictions):
    first = [path.read_bytes() for path in pictures(folder, predictions)]
    assert [path.read_bytes() for path in pictures(folder, predictions)] == first


def test_the_shades_of_the_confusion_matrix_are_those_of_the_colour_map(folder):
    labels = np.repeat(np.arange(10, dtype=np.uint8), 1000)
    read_as = labels.copy()
    for digit in range(10):  # each is read right to another share
        read_as[1000 * digit : 1000 * digit + 60 * digit] = (digit + 1) % 10
    figure = draw.confusion_matrix(labels, np.eye(10, dtype=np.float32)[read_as], DIGITS)
    draw.save(figure, "confusion_matrix", 800, draw.ALL_COLORS)
    drawn = np.asarray(opened(folder / draw.PLOTS / "confusion_matrix.png").convert("RGB")).reshape(-1, 3)
    for digit in range(10):
        wanted = 255 * np.array(mpl.colormaps["Blues"](np.sqrt(1 - 0.06 * digit))[:3])
        assert np.abs(drawn - wanted).max(axis=1).min() < 6


def test_no_picture_holds_a_date_or_a_version(folder, predictions):
    for path in pictures(folder, predictions):
        assert not opened(path).info


def test_the_curves_have_labelled_axes_and_a_legend(folder):
    (axes,) = draw.loss_curve(PARAMS).axes
    assert axes.get_xlabel() == "iteration"
    assert axes.get_ylabel() == "cross-entropy (nats)"
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()][-1] == "validation"
    (axes,) = draw.accuracy_curve().axes
    assert axes.get_ylabel() == "accuracy (%)"


def test_the_smoothed_loss_is_the_running_mean(folder):
    (axes,) = draw.loss_curve(PARAMS).axes
    smooth = axes.lines[1]
    losses = [2 / step for step in range(1, 61)]
    assert np.asarray(smooth.get_xdata())[0] == 3  # the middle of the first five
    assert np.asarray(smooth.get_ydata())[0] == pytest.approx(np.mean(losses[:5]))


def test_without_validation_images_the_curves_say_so(folder):
    tables.write_table(draw.PLOTS / "validation.csv", ("step", "epoch", "loss", "accuracy"), [])
    assert "no validation images" in draw.loss_curve(PARAMS).axes[0].get_title()
    assert "No validation images" in draw.accuracy_curve().axes[0].get_title()


def test_the_surest_mistakes_come_first(predictions):
    pixels, labels, probabilities = predictions
    figure = draw.misclassified(pixels, labels, probabilities, DIGITS, 3)
    wrong = probabilities.argmax(axis=1) != labels
    surest = probabilities[wrong].max()
    assert f"({surest:.0%})" in figure.axes[0].get_title()
    assert sum(bool(axes.images) for axes in figure.axes) == 3


def test_a_perfect_reader_gets_a_picture_too(predictions):
    pixels, labels, _ = predictions
    figure = draw.misclassified(pixels, labels, np.eye(10, dtype=np.float32)[labels], DIGITS, 40)
    assert figure.get_suptitle() == "All 300 test images were read right"


def test_a_unit_without_weights_is_drawn_without_a_warning(folder):
    weights = np.zeros((784, 3))
    weights[:, 1] = 1
    draw.save(draw.first_layer(weights, 36, 800), "first_layer", 800)
