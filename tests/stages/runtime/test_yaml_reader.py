"""YAML is read as DVC reads it."""

import time

import pytest
import yaml
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml

from stages.runtime.yaml_reader import load
from tests import ROOT

VALUES = (
    "1e-05", "1E-3", "1e5", "1.5e+3", "1.0e-8", ".5e+3", ".5e3", "1.", "-.5", "+.5", "12e03", "0.1_5", ".inf",
    "-.inf", "5", "+5", "010", "08", "0o17", "0x10", "0X10", "-0x1F", "0b11", "1_000", "_1", "0x", "1e", "1:30",
    "true", "TRUE", "False", "yes", "no", "on", "off", "y", "null", "Null", "~", "", "'1'", '"1e-05"',
    "2020-01-01", "2020-01-01 10:00:00", "[&x 1, *x]", "{a: &d {b: 1}, c: {<<: *d, e: 2}}", "{<<: {a: 1}, a: 2}",
    "{x: &b {b: 1, k: 3}, y: &d {<<: *b, b: 2}, z: {<<: *d}}",
    "[800, 800]", "\n- 800\n- 800", "{a: , b: ~}", "|\n  a\n  b",
)  # fmt: skip
FILES = [path for place in ("", "recipes/", "docs/*/*/") for path in ROOT.glob(f"{place}*.yaml")]
REFUSED = ("{a: 1, a: 2}", "{1: a, 1: b}", "[", "=", "@a", "%a", "!!python/object:os.system a", "!a 1", "*x")


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_what_dvc_takes_it_for(value):
    text = f"key: {value}"
    assert repr(load(text)) == repr(parse_yaml(text, "params.yaml"))


@pytest.mark.parametrize("value", REFUSED)
def test_what_dvc_refuses_is_refused(value):
    text = f"key: {value}"
    with pytest.raises(YAMLFileCorruptedError):
        parse_yaml(text, "params.yaml")
    with pytest.raises(yaml.YAMLError):
        load(text)


REPEATS = ("[{}, {}]", "{{a: {}, b: {}}}", "{{<<: [{}, {}]}}")
TOO_LARGE = {
    "itself": "a: &a [*a]",
    "itself as a key": "? &a [*a]\n: 1",
    "a list": f"[{'1,' * 5000}]",
    "a long text": " " * 100_001,
    **{
        repeat: "\n".join(f"a{n}: &a{n} {repeat.format(*[f'*a{n - 1}' if n else '1'] * 2)}" for n in range(40))
        for repeat in REPEATS[:2]
    },
    REPEATS[2]: "a0: &a0 {a: 1}\n"
    + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40)),
    "lists": "[" * 10_000,
    "mappings": "{a: " * 10_000,
    "block lists": "- " * 10_000,
    "block keys": "? " * 10_000,
    "block mappings": "\n".join(f"{' ' * n}a:" for n in range(300)),
}


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_would_take_long_is_refused_at_once(text):
    began = time.process_time()
    with pytest.raises(yaml.YAMLError, match=r"more than 5,000 values|deeper than 50 levels|longer than 100,000"):
        load(text)
    assert time.process_time() - began < 1


def test_aliases_that_repeat_little_are_read():
    text = f"a: &a {[1] * 100}\nb: {['*a'] * 40}".replace("'", "")
    assert load(text)["b"] == [[1] * 100] * 40


@pytest.mark.parametrize("path", FILES)
def test_the_files_of_the_project_are_what_dvc_takes_them_for(path):
    text = path.read_text("utf-8")
    assert load(text) == parse_yaml(text, str(path))
