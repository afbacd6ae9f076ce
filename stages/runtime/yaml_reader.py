"""YAML as DVC reads it, with PyYAML.

PyYAML follows YAML 1.1, in which `1e-05` is a text, `010` is 8 and `yes` is true; DVC follows YAML 1.2, in which
they are the number 0.00001, 10 and a text. What a stage reads has to be what DVC records in dvc.lock.
"""

import re
from typing import Any

import yaml

from stages.runtime.errors import quoted

MAX_TEXT = 100_000  # characters, read in half a second; dvc.lock, the largest file here, has an eighth of that
MAX_NODES = 5_000  # keys and values, each alias counted as all that it stands for: a few lines can name billions
MAX_DEPTH = 50

FLOAT = r"""[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)? | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
    | [-+]?\.[0-9_]+(?:[eE][-+][0-9]+)? | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)"""
INT = r"[-+]?0b[0-1_]+ | [-+]?0o?[0-7_]+ | [-+]?[0-9_]+ | [-+]?0x[0-9a-fA-F_]+"
BASES = {"0b": 2, "0o": 8, "0x": 16}


class Loader(yaml.SafeLoader):
    """PyYAML's SafeLoader with the numbers and booleans of YAML 1.2, which has a key once, and within bounds."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.nodes = 0
        self.sizes: dict[yaml.Node, int] = {}

    def fetch_more_tokens(self) -> None:
        """Read on; raises MarkedYAMLError where collections are nested too deep."""
        if self.flow_level + len(self.indents) > MAX_DEPTH:
            raise yaml.MarkedYAMLError(None, None, f"nested deeper than {MAX_DEPTH} levels", self.get_mark())
        super().fetch_more_tokens()

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node; raises MarkedYAMLError where it is one too many."""
        before, alias = self.nodes, self.check_event(yaml.AliasEvent)
        self.nodes += 1
        node: Any = super().compose_node(parent, index)
        if alias:
            self.nodes += self.sizes.get(node, MAX_NODES)  # one without a size holds itself
        else:
            self.sizes[node] = self.nodes - before
        if self.nodes > MAX_NODES:
            problem = f"more than {MAX_NODES:,} values, all behind its aliases counted"
            raise yaml.MarkedYAMLError(None, None, problem, node.start_mark)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The nodes of a mapping; raises MarkedYAMLError for a key that is there already (<< may bring it too)."""
        node = super().compose_mapping_node(anchor)
        keys = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in keys:
                raise yaml.MarkedYAMLError(None, None, f"{quoted(key.value)} is given twice", key.start_mark)
            keys.add((key.tag, key.value))
        return node

    def construct_int(self, node: yaml.ScalarNode) -> int:
        """A whole number: in base 10, unless it begins with 0b, 0o or 0x."""
        digits = node.value.replace("_", "").lower()
        return int(digits, BASES.get(digits.lstrip("+-")[:2], 10))


RESOLVERS = {
    "float": (FLOAT, "-+0123456789."),
    "int": (INT, "-+0123456789"),
    "bool": ("true|True|TRUE|false|False|FALSE", "tTfF"),
}
TAGS = {name: f"tag:yaml.org,2002:{name}" for name in RESOLVERS}
Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in TAGS.values()]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for name, (pattern, first_letters) in RESOLVERS.items():
    Loader.add_implicit_resolver(TAGS[name], re.compile(f"^(?:{pattern})$", re.VERBOSE), list(first_letters))
Loader.add_constructor(TAGS["int"], Loader.construct_int)


def load(text: str) -> Any:
    """The content of a YAML file; raises yaml.YAMLError, or ValueError for a date that is none."""
    if len(text) > MAX_TEXT:
        raise yaml.YAMLError(f"longer than {MAX_TEXT:,} characters")
    return yaml.load(text, Loader)  # noqa: S506 (a SafeLoader)
