import numpy as np
import pytest

from digits.explain import contributions, explain
from digits.hypotheses import read
from digits.pictures import open_picture
from tests.digits.drawings import classifier, drawing, encoded


def difference(network, pixels, best, second):
    """The one logit less the other, for pixels (784,) between 0 and 1."""
    x = network.description.normalization.normalized(pixels[None].astype(np.float32))
    logits = network.network.forward(slice(0, 1), x=x)[0]
    return float(logits[best]) - float(logits[second])


@pytest.mark.parametrize(
    ("activation", "normalization"), [("relu", None), ("gelu", None), ("tanh", "layer"), ("leaky_relu", None)]
)
def test_a_contribution_is_the_derivative_by_the_pixel_times_the_pixel(rng, activation, normalization):
    network = classifier(activation=activation, widths=(784, 30, 20, 10), normalization=normalization)
    image = rng.integers(1, 256, (28, 28), np.uint8)
    found, pixels = contributions(image, 3, 7, network).ravel(), image.ravel() / 255
    direction, step = rng.standard_normal(784), 1e-3
    more, less = (difference(network, pixels + side * step * direction, 3, 7) for side in (1, -1))
    assert found @ (direction / pixels) == pytest.approx((more - less) / (2 * step), rel=0.02, abs=0.02)


def test_a_network_without_hidden_layers_is_explained_exactly(rng):
    network = classifier(widths=(784, 10))
    image = rng.integers(0, 256, (28, 28), np.uint8)
    found = contributions(image, 0, 1, network).sum()
    paper = difference(network, np.zeros(784), 0, 1)
    assert found == pytest.approx(difference(network, image.ravel() / 255, 0, 1) - paper, rel=1e-3)


def test_the_picture_of_an_answer_has_three_panels_and_is_the_same_every_time():
    picture, network = open_picture(encoded(drawing())), classifier()
    reading = read(picture, network)
    pages = [explain(picture, reading, network) for _ in range(2)]
    assert pages[0].size == pages[1].size
    assert pages[0].tobytes() == pages[1].tobytes()
    assert pages[0].width > 3 * 280
    red, _, blue = np.asarray(pages[0])[30:300, -290:-20].astype(int).transpose(2, 0, 1)
    assert (red > blue).any()
    assert (blue > red).any()
