"""The page to draw on: draw.html with its styles, its code and the network in one file that needs no other.

form.js and strokes.js are digits/form.py and strokes.py in JavaScript, network.js is nn's forward pass, drawing.js
the drawing and its answer, input.js pointers and keys, view.js what people see, examples.js digits already drawn.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits import form, strokes
from nn.activations import GELU, LeakyReLU
from nn.normalization import EPSILON

LIMIT = 4_000_000  # bytes; a larger page opens slowly on a phone
SOURCES = Path(__file__).parent
SCRIPTS = (
    "form.js",
    "strokes.js",
    "network.js",
    "examples.js",
    "drawing.js",
    "input.js",
    "view.js",
)  # in this order
DIGITS = [str(digit) for digit in range(10)]

Tensor = NDArray[np.float32]


def page_html(
    layers: Sequence[Mapping[str, Any]],
    tensors: Mapping[str, Tensor],
    normalization: Mapping[str, float],
    classes: Sequence[str],
) -> bytes:
    """The page for a network: layers, normalization and classes as the model file's metadata has them."""
    ordered = list(in_order(layers, tensors))
    scales = [scale_of(tensor) for tensor in ordered]
    halves = [(tensor / scale).astype("<f2").tobytes() for tensor, scale in zip(ordered, scales, strict=True)]
    constants = {
        "layers": list(layers),
        "scales": scales,
        "normalization": dict(normalization),
        "classes": list(classes),
        "form": {"side": form.SIDE, "digit": form.DIGIT, "centre": form.CENTRE, "ink": form.INK},
        "pen": {"side": strokes.SIDE, "radius": strokes.RADIUS},
        "leaky_relu_slope": LeakyReLU.slope,
        "layer_norm_epsilon": EPSILON,
        "gelu_a": GELU.a,
        "gelu_c": GELU.c,
    }
    thing = "digit" if list(classes) == DIGITS else "picture"
    filled = Template(source("draw.html")).substitute(
        thing=thing,
        drawable="" if thing == "digit" else escape(f"One of: {', '.join(few(classes))}."),
        style=source("draw.css"),
        # No class may end the script that it stands in.
        constants=json.dumps(constants, sort_keys=True).replace("<", "\\u003c"),
        weights=base64.b64encode(b"".join(halves)).decode(),
        scripts="\n".join(f"<script>\n{source(name)}</script>" for name in SCRIPTS),
    )
    return filled.encode()


def few(classes: Sequence[str]) -> list[str]:
    """The first of the classes, and how many more there are: a hundred would push the paper off the screen."""
    return [*classes[:20], f"and {len(classes) - 20} more"] if len(classes) > 21 else list(classes)


def size_line(page: bytes) -> str:
    """The size of a page, for the line that a stage prints; says where it is more than it should be."""
    size = f"{len(page) / 1e6:.1f} MB"
    return size if len(page) <= LIMIT else f"{size}, more than {LIMIT / 1e6:.0f} MB: slow to open on a phone"


def source(name: str) -> str:
    """One of the files beside this module."""
    return (SOURCES / name).read_text("utf-8")


def in_order(layers: Sequence[Mapping[str, Any]], tensors: Mapping[str, Tensor]) -> Iterator[Tensor]:
    """The tensors of the layers, first to last: of each its weight, then its bias."""
    for number in range(len(layers)):
        yield from (tensors[name] for name in (f"{number}.weight", f"{number}.bias") if name in tensors)


def scale_of(tensor: Tensor) -> float:
    """A power of two that brings the largest of the numbers to 2^14 or more, where float16 is most exact."""
    _, exponent = np.frexp(np.abs(tensor).max())
    return float(2.0 ** (int(exponent) - 15))
