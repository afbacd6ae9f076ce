"""Drawings for the tests of the page: `python -m tests.strokes` writes them into tests/strokes.json.

The page's own examples, turned, stretched, moved and shaken; and what nobody would call a digit.
"""

import json
import re
from pathlib import Path

import numpy as np

EXAMPLES = Path("stages/exporting/examples.js")
DRAWINGS = Path("tests/strokes.json")
VARIANTS = 4  # of each digit
ODD = [
    [[[140, 140]]],
    [[[0, 0]]],
    [[[-300, 90], [600, 110.5]]],
    [[[3, 277], [3, 277]], [[4, 270.25], [90, 200]]],
    [[[100, 20], [100, 260]], [[100, 20], [180, 20], [180, 260], [100, 260]]],
    [[[400, 400]], [[279.75, 140]]],
]


def examples() -> list[list[list[list[float]]]]:
    """The strokes of the page's examples, digit by digit."""
    found = re.search(r"EXAMPLES = (\[.*\]),\n\]\.map", EXAMPLES.read_text("utf-8"), re.DOTALL)
    assert found
    flat = json.loads(found[1] + "]")
    return [[np.reshape(stroke, (-1, 2)).tolist() for stroke in strokes] for strokes in flat]


def variant(strokes: list[list[list[float]]], rng: np.random.Generator) -> list[list[list[float]]]:
    """A drawing of the same digit by another hand."""
    turn = rng.uniform(-0.2, 0.2)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    stretch = rng.uniform(0.25, 1.1, size=(1, 1)) * rng.uniform(0.85, 1.15, size=2)
    shift = 140 + rng.uniform(-40, 40, size=2)
    moved = [((np.array(stroke) - 140) * stretch) @ rotation + shift for stroke in strokes]
    return [np.round(stroke + rng.normal(0, 0.6, stroke.shape), 2)[::2].tolist() for stroke in moved]


def main() -> None:
    """Write the drawings, one a line."""
    rng = np.random.default_rng(0)
    drawings = [
        {"digit": digit, "strokes": variant(strokes, rng)}
        for digit, strokes in enumerate(examples())
        for _ in range(VARIANTS)
    ]
    drawings += [{"digit": None, "strokes": strokes} for strokes in ODD]
    lines = [json.dumps(drawing, separators=(",", ":")) for drawing in drawings]
    DRAWINGS.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


if __name__ == "__main__":
    main()
