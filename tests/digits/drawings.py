"""Pictures to read: digits of the kind that people draw, made here, and networks that read them."""

import io

import numpy as np
from PIL import Image, ImageDraw

from digits.classifier import Classifier
from digits.model import Description, layer_description
from digits.normalization import Normalization
from nn.mlp import mlp
from nn.network import Network

SEVEN = ((0.1, 0.1), (0.9, 0.1), (0.4, 0.9))  # corners of its strokes, in a square of 1


def drawing(points=SEVEN, size=(640, 480), at=(200, 120), height=200, pen=20, paper="white", ink="black"):
    """A picture of a stroke through these points."""
    image = Image.new("RGB", size, paper)
    places = [(at[0] + x * height, at[1] + y * height) for x, y in points]
    draw = ImageDraw.Draw(image)
    draw.line(places, ink, pen, joint="curve")
    for x, y in places:
        draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), ink)
    return image


def encoded(image, kind="PNG", **options):
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def classifier(seed=0, widths=(784, 20, 10), activation="relu", normalization=None):
    """A network that has learned nothing: it answers, and the same every time."""
    network = Network(mlp(widths, activation, normalization=normalization), 784, rows=1, trains=False)
    network.initialize(np.random.default_rng(seed))
    layers = [layer_description(layer) for layer in network.layers]
    return Classifier(network, Description(layers, Normalization(0.13, 0.31), list("0123456789"), "mnist"))
