import base64
import json
import re
from fnmatch import fnmatch
from html.parser import HTMLParser

import numpy as np
import pytest

from stages.exporting.page import LIMIT, SCRIPTS, size_line
from tests import ROOT
from tests.stages.exporting.networks import page_of, untrained


class Scripts(HTMLParser):
    """The scripts of a page, by id or number, and its other text."""

    def __init__(self, page):
        super().__init__()
        self.scripts = {}
        self.text = ""
        self.name = None
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.name = dict(attrs).get("id") or len(self.scripts)
            self.scripts[self.name] = ""

    def handle_endtag(self, tag):
        self.name = None

    def handle_data(self, data):
        if self.name is None:
            self.text += data
        else:
            self.scripts[self.name] += data


def test_equal_networks_give_equal_bytes():
    layers, tensors = untrained([30])
    assert page_of((layers, tensors)) == page_of(
        (layers, {name: np.asfortranarray(tensor) for name, tensor in tensors.items()})
    )
    assert page_of((layers, tensors)) == page_of((layers, dict(reversed(tensors.items()))))


def test_the_committed_architecture_fits_and_a_larger_one_says_that_it_does_not():
    page = page_of(untrained([800, 800]))
    assert len(page) <= LIMIT
    assert size_line(page) == "3.4 MB"
    assert size_line(page + b" " * LIMIT).startswith("7.4 MB, more than 4 MB")


@pytest.mark.parametrize("size", [1e-30, 1e-6, 1.0, 1e6, 1e30])
def test_weights_of_any_size_keep_eleven_bits(size):
    layers, tensors = untrained([20], layer_norm=True)
    tensors = {name: (tensor * size).astype(np.float32) for name, tensor in tensors.items()}
    tensors["0.bias"][:] = 0
    scripts = Scripts(page_of((layers, tensors))).scripts
    halves = np.frombuffer(base64.b64decode(scripts["weights"]), "<f2").astype(float)
    at = 0
    for scale, tensor in zip(json.loads(scripts["constants"])["scales"], tensors.values(), strict=True):
        found = halves[at : at + tensor.size].reshape(tensor.shape) * scale
        np.testing.assert_allclose(found, tensor, rtol=2**-11, atol=2**-38 * np.abs(tensor).max())
        at += tensor.size
    assert at == len(halves)


def test_no_class_can_leave_the_place_where_its_name_stands():
    classes = ["</script><b>", "<!--", "a & b"]
    found = Scripts(page_of(untrained([5], classes=3), classes))
    assert json.loads(found.scripts["constants"])["classes"] == classes
    assert "One of: </script><b>, <!--, a & b." in found.text
    assert len(found.scripts) == 3 + len(SCRIPTS)


def test_the_page_asks_for_a_digit_only_where_the_classes_are_digits():
    assert b"<h1>Draw a digit</h1>" in page_of(untrained([]))
    assert b"<h1>Draw a picture</h1>" in page_of(untrained([]), [f"thing {n}" for n in range(10)])


def test_the_page_names_twenty_things_to_draw_at_most():
    names = [f"thing {n}" for n in range(100)]
    assert ", thing 19, and 80 more." in Scripts(page_of(untrained([], classes=100), names)).text
    assert ", thing 19, thing 20." in Scripts(page_of(untrained([], classes=21), names[:21])).text


def test_dvc_sees_every_source_of_the_page():
    seen = re.findall(r"^!(.*)$", (ROOT / ".dvcignore").read_text("utf-8"), re.MULTILINE)
    for name in ("draw.html", "draw.css", *SCRIPTS):
        assert (ROOT / "stages/exporting" / name).exists()
        assert any(fnmatch(f"stages/exporting/{name}", pattern) for pattern in seen), name
