"""What the comments of params.yaml say of each value: its range, or the choices there are."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from stages.formats.datasets import DATASETS
from stages.runtime.params import leaves, read_all
from stages.runtime.yaml_reader import load
from tests import ROOT

RANGE = re.compile(r"([\d.e-]+) to ([\d.e-]+)[a-z ]*(, or null)?")
CHOICES = re.compile(r"[\w-]+( \| [\w-]+)+")
LISTS = {"train.hidden", *(f"download.sources.{name}" for name in DATASETS)}


class Documented(NamedTuple):
    """The values that a comment names, such as the ends of a range; and others, some of them just beyond."""

    right: list[Any]
    wrong: list[Any]


def documented() -> dict[str, Documented]:
    """Of every parameter, such as train.seed, but the lists."""
    lines = iter((ROOT / "params.yaml").read_text("utf-8").splitlines())
    found = {}
    for name, _ in leaves(read_all(ROOT / "params.yaml")):
        line = next(line for line in lines if line.strip().startswith(f"{name.split('.')[-1]}:"))
        if name not in LISTS:
            found[name] = values(line.partition("# ")[2])
    return found


def values(comment: str) -> Documented:
    """What a comment says at its beginning; fails where it says neither."""
    if choices := CHOICES.match(comment):
        right = [load(name) for name in choices[0].split(" | ")]
        return Documented(right, [value for value in ("nonsense", -1, None) if value not in right])
    ends = RANGE.match(comment)
    assert ends, comment
    low, high = load(ends[1]), load(ends[2])
    whole = isinstance(high, int) and high > 1
    beyond = [low - 1, high + 1] if whole else [low - 1e-3 * high if low == 0 else low / 2, 1.001 * high]
    return Documented(
        [low, high, *([None] if ends[3] else [])], [*beyond, "x", True, *([] if ends[3] else [None])]
    )


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the committed params.yaml with other values for some parameters."""
    content: dict[str, Any] = deepcopy(dict(read_all(ROOT / "params.yaml")))
    for name, value in changes.items():
        *sections, key = name.split(".")
        place = content
        for section in sections:
            place = place[section]
        assert key in place, name
        place[key] = value
    return content
