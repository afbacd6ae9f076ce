"""YAML as DVC reads it, with PyYAML.

PyYAML follows YAML 1.1, in which `1e-05` is a text, `010` is 8 and `yes` is true; DVC follows YAML 1.2, in which
they are the number 0.00001, 10 and a text. What a stage reads has to be what DVC records in dvc.lock.
"""

import re
from typing import Any

import yaml

FLOAT = r"""[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)? | [-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
    | [-+]?\.[0-9_]+(?:[eE][-+][0-9]+)? | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)"""
INT = r"[-+]?0b[0-1_]+ | [-+]?0o?[0-7_]+ | [-+]?[0-9_]+ | [-+]?0x[0-9a-fA-F_]+"
BASES = {"0b": 2, "0o": 8, "0x": 16}


class Loader(yaml.SafeLoader):
    """PyYAML's SafeLoader with the numbers and booleans of YAML 1.2, which has a key once."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The nodes of a mapping; raises MarkedYAMLError for a key that is there already (<< may bring it too)."""
        node = super().compose_mapping_node(anchor)
        keys = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in keys:
                raise yaml.MarkedYAMLError(problem=f"{key.value} is given twice", problem_mark=key.start_mark)
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
    return yaml.load(text, Loader)  # noqa: S506 (a SafeLoader)
