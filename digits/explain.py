"""A picture of an answer: where the digit was found, what the network saw, and which pixels decided."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digits.classifier import Classifier
from digits.hypotheses import Reading
from digits.model import PIXELS
from digits.pictures import Picture
from nn.inference import copy_of
from nn.layers import Dense
from nn.network import Network

PANEL = 280  # pixels of a side
GAP, CAPTION = 16, 24
RED, BLUE = (178, 24, 43), (33, 102, 172)  # far apart for every eye


def explain(picture: Picture, reading: Reading, classifier: Classifier) -> Image.Image:
    """The picture with the digit in its box, the image that the network saw, and what each pixel said."""
    second, best = (int(number) for number in np.argsort(reading.probabilities)[-2:])
    names = classifier.description.classes
    photograph = Image.fromarray(picture)
    left, top, right, bottom = reading.ink.box
    ImageDraw.Draw(photograph).rectangle((left, top, right - 1, bottom - 1), outline="red", width=2)
    photograph = photograph.resize((photograph.width * PANEL // photograph.height, PANEL))
    panels = {
        "found in the picture": photograph,
        "what the network sees": enlarged(255 - reading.image),
        f"red speaks for {names[best]}, blue for {names[second]}": enlarged(
            colored(contributions(reading.image, best, second, classifier))
        ),
    }
    width = sum(panel.width + GAP for panel in panels.values()) + GAP
    page = Image.new("RGB", (width, CAPTION + PANEL + GAP), "white")
    draw, x = ImageDraw.Draw(page), GAP
    for caption, panel in panels.items():
        draw.text((x, 6), caption, "black")
        page.paste(panel, (x, CAPTION))
        draw.rectangle((x - 1, CAPTION - 1, x + panel.width, CAPTION + PANEL), outline="gray")
        x += panel.width + GAP
    return page


def contributions(image: NDArray[np.uint8], best: int, second: int, classifier: Classifier) -> NDArray[np.float32]:
    """How much each pixel (28, 28) speaks for the one class rather than the other.

    The gradient of the difference of their logits by the pixel, times the pixel: to first order, what would be
    lost if it were paper. (K. Simonyan, A. Vedaldi, A. Zisserman, Deep Inside Convolutional Networks, 2014.)
    """
    pixels = image.reshape(1, PIXELS).astype(np.float32) / np.float32(255)
    network = training_network(classifier.network)
    normalization = classifier.description.normalization
    network.x[:] = normalization.normalized(pixels)
    one = slice(0, 1)
    logits = network.forward(one)
    logits[:] = 0
    logits[0, [best, second]] = 1, -1  # the gradient of the difference takes the place of the logits
    network.backward(one)
    first, dy = network.layers[0], network.nodes[0].dy
    if not isinstance(first, Dense) or dy is None:
        raise TypeError("the first layer is not dense")
    by_pixel = dy[one] @ first.W.T  # the step that `backward` leaves out: training has no use for it
    by_pixel /= normalization.standard_deviation
    found: NDArray[np.float32] = np.multiply(by_pixel, pixels).reshape(image.shape)
    return found


def training_network(network: Network) -> Network:
    """A network of the same layers and parameters, for one row, that has a backward pass."""
    copied = Network([copy_of(layer) for layer in network.layers], PIXELS, rows=1)
    copied.params[:] = network.params
    return copied


def colored(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """White for 0, red for the largest, blue for the smallest of values (28, 28)."""
    share = values / max(float(np.abs(values).max()), 1e-9)
    ends = np.where(share[..., None] > 0, RED, BLUE)
    shades: NDArray[np.uint8] = (255 + (ends - 255) * np.abs(share)[..., None]).astype(np.uint8)
    return shades


def enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    """Pixels (28, 28) or (28, 28, 3) as squares."""
    return Image.fromarray(pixels).convert("RGB").resize((PANEL, PANEL), Image.Resampling.NEAREST)
