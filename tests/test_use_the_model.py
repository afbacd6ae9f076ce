"""What stands in docs/use-the-model.md works: each of its pieces of code gives the probabilities of nn."""

import base64
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from digits.normalization import Normalization
from nn.losses import softmax
from nn.mlp import mlp
from nn.network import Network
from stages.exporting.onnx_file import onnx_file
from stages.formats.model import write_model
from tests import ROOT
from tests.screenshot import browser, open_page
from tests.stages.descriptions import DIGITS, description

PAGE = (ROOT / "docs" / "use-the-model.md").read_text("utf-8")
CODE = dict(re.findall(r"^## ([^\n]+)$[^#]*?^```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
IMAGE = CODE.pop("What the network wants to see")
PYTHONS = (sys.executable, str(ROOT / ".venv-bench" / "bin" / "python"))  # of the second: make bench
SHOW = "import json\nprint(json.dumps([float(p) for p in probabilities]))"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the files of a network, and an image; and the probabilities that nn gives it."""
    folder, rng = tmp_path_factory.mktemp("model"), np.random.default_rng(0)
    normalization = Normalization(mean=0.13, standard_deviation=0.31)
    network = Network(mlp([784, 20, 12, 10]), 784, rows=1, trains=False)
    network.initialize(rng)
    network.params += 0.05 * rng.standard_normal(network.params.size).astype(np.float32)
    write_model(network, description(normalization), folder / "data/model/model.safetensors")
    (folder / "data/export").mkdir()
    content = onnx_file(network, normalization.mean, normalization.standard_deviation, DIGITS, "mnist")
    (folder / "data/export/model.onnx").write_bytes(content)
    image = rng.integers(256, size=784, dtype=np.uint8)
    (folder / "data/raw").mkdir()
    (folder / "data/raw/t10k-images-idx3-ubyte").write_bytes(bytes(16) + image.tobytes())
    x = normalization.normalized(image.reshape(1, -1).astype(np.float32) / np.float32(255))
    return folder, softmax(network.forward(slice(0, 1), x=x).copy())[0], image


def python_with(packages):
    """A Python that has these packages."""
    for python in PYTHONS:
        asked = "import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, sys.argv[1:])))"
        try:
            if subprocess.run([python, "-c", asked, *packages], check=False).returncode == 0:
                return python
        except OSError:
            continue
    return pytest.skip(f"not all of {', '.join(sorted(packages))} are here or in .venv-bench (make bench)")


def test_the_page_shows_four_ways():
    assert list(CODE) == ["onnxruntime", "PyTorch", "NumPy alone", "JavaScript"]
    assert len(re.findall(r"^(?!import).+$", CODE["NumPy alone"], re.MULTILINE)) == 10


@pytest.mark.parametrize("name", ["onnxruntime", "NumPy alone", pytest.param("PyTorch", marks=pytest.mark.slow)])
def test_the_lines_of_python_give_the_probabilities_of_nn(trained, name):
    folder, expected, _ = trained
    python = python_with(set(re.findall(r"^(?:import|from) (\w+)", IMAGE + CODE[name], re.MULTILINE)))
    command = [python, "-W", "error", "-c", f"{IMAGE}\n{CODE[name]}\n{SHOW}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert np.abs(json.loads(done.stdout) - expected).max() < 1e-5


@pytest.mark.slow
@pytest.mark.skipif(browser() is None, reason="Chromium is not installed")
def test_the_lines_of_javascript_give_the_probabilities_of_nn(trained, tmp_path):
    folder, expected, image = trained
    file = base64.b64encode((folder / "data/model/model.safetensors").read_bytes()).decode()
    page = tmp_path / "page.html"
    page.write_text(f"""<!doctype html><title>-</title><script>
{CODE["JavaScript"]}
const file = Uint8Array.from(atob("{file}"), (letter) => letter.charCodeAt(0)).buffer;
document.title = JSON.stringify(classify(readModel(file), {image.tolist()}));
</script>""")
    title = re.search(r"<title>(.*?)</title>", open_page(page, "--dump-dom").stdout)
    assert title is not None
    assert np.abs(json.loads(title[1]) - expected).max() < 1e-5
