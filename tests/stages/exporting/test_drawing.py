"""The page to draw on, in a browser."""

import base64
import json
import shutil
import subprocess
import tarfile

import numpy as np
import pytest

from digits.errors import NoDigit
from digits.form import to_mnist
from digits.strokes import draw_strokes
from nn.mlp import ACTIVATIONS
from stages.exporting.page import page_html
from stages.formats.datasets import DATASETS
from tests import ROOT
from tests.devtools import chromium
from tests.screenshot import browser
from tests.stages.exporting.networks import (
    DIGITS,
    MODEL,
    NORMALIZATION,
    page_of,
    probabilities,
    trained,
    untrained,
)
from tests.strokes import DRAWINGS, EXAMPLES, ODD, VARIANTS, examples, variant

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser() is None, reason="needs Chromium (Debian: chromium)"),
]

AXE = "axe-core@4.10.3"
NETWORKS = {
    "none": untrained([]),
    **{name: untrained([60, 40], name) for name in ACTIVATIONS},
    "gelu after layer normalization": untrained([50, 30], "gelu", layer_norm=True),
    "tanh in eight layers": untrained([30] * 8, "tanh", layer_norm=True),
    "one unit": untrained([1], "sigmoid"),
}
READ_IMAGES = """(() => {
  const bytes = Uint8Array.from(atob("%s"), (c) => c.charCodeAt(0));
  return Array.from({ length: bytes.length / 784 }, (_, i) => {
    const outputs = forward(LAYERS, bytes.subarray(784 * i, 784 * (i + 1)));
    return softmax(outputs[outputs.length - 1]);
  });
})()"""
FORM = """(%s).map((strokes) => {
  const raster = drawStrokes(strokes), image = toMnist(raster, PEN.side, PEN.side);
  return [raster, image].map((bytes) => bytes && btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join("")));
})"""
# A pen that goes on through the paper, one sample a turn: until the answer stands in the page.
TIME = """Array.from({ length: 100 }, (_, i) => {
  if (i === 0) { clearPaper(); beginStroke([60, 20]); }
  const start = performance.now();
  extendStroke([140 + 60 * Math.sin(i / 8), 20 + 2.3 * i]);
  answer();
  return performance.now() - start;
})"""
VIOLATIONS = """axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => violations.map(({ help, nodes }) => [help, nodes.map(({ html }) => html)]))"""
FASHION = list(DATASETS["fashion-mnist"].classes)


@pytest.fixture(scope="module")
def window():
    with chromium() as page:
        page.size(1280, 800)
        yield page


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("a space and ä") / "draw.html"
    path.write_bytes(page_of(untrained([60, 40])))
    return path


@pytest.fixture
def page(window, file):
    """The page, just opened; at the end of the test it has complained of nothing, and asked for nothing."""
    window.size(1280, 800)
    window.prefer(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    window.open(file)
    yield window
    window.settle()
    assert window.complaints() == []
    assert window.requests() == [file.resolve().as_uri()]


def paper(page):
    """Left, top and scale of the square that is drawn in."""
    return page.evaluate(
        "(({ left, top }) => [left + 1, top + 1, paper.clientWidth / 280])(paper.getBoundingClientRect())"
    )


def draw(page, *strokes):
    left, top, scale = paper(page)
    for stroke in strokes:
        for number, (x, y) in enumerate(stroke):
            page.mouse("mouseMoved" if number else "mousePressed", left + scale * x, top + scale * y)
        page.mouse("mouseReleased", left + scale * x, top + scale * y)
    page.settle()


def seen(page):
    """What the page shows and says: the strokes, the answer, the shares, and what is read aloud."""
    return page.evaluate("""({
      strokes: strokes.length, best: element("best").textContent, said: element("said").textContent,
      shares: bars.map(({ share }) => share.textContent), label: paper.getAttribute("aria-label"),
      bars: bars.map(({ bar }) => Number(bar.style.transform.slice(7, -1))),
    })""")


LINE = [(60, 60), (100, 120), (140, 200)]
OTHER = [(200, 60), (180, 200)]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_computes_what_numpy_does(window, tmp_path, name):
    layers, tensors = NETWORKS[name]
    path = tmp_path / "draw.html"
    path.write_bytes(page_of((layers, tensors)))
    images = np.array(
        [to_mnist(draw_strokes(variant(strokes, np.random.default_rng(1)))) for strokes in examples()]
    )
    window.open(path)
    found = window.evaluate(READ_IMAGES % base64.b64encode(images.tobytes()).decode())
    expected = probabilities(layers, tensors, NORMALIZATION, images.reshape(-1, 784))
    np.testing.assert_allclose(found, expected, atol=5e-3)
    assert window.complaints() == []


@pytest.mark.skipif(not MODEL.exists(), reason="needs data/model (dvc repro)")
def test_1000_test_images_and_the_drawings_have_the_same_classes_as_in_numpy(window, tmp_path):
    layers, tensors, normalization, classes = trained()
    path = tmp_path / "draw.html"
    path.write_bytes(page_html(layers, tensors, normalization, classes))
    normalized = np.load(ROOT / "data/preprocessed/test_images.npy", mmap_mode="r")[:1000]
    pixels = 255 * (normalized * normalization["standard_deviation"] + normalization["mean"])
    images = np.rint(pixels).astype(np.uint8)
    window.open(path)
    found = np.array(window.evaluate(READ_IMAGES % base64.b64encode(images.tobytes()).decode()))
    expected = probabilities(layers, tensors, normalization, images)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(found, expected, atol=5e-3)

    drawings = [drawing for drawing in json.loads(DRAWINGS.read_text("utf-8")) if drawing["digit"] is not None]
    read = window.evaluate(f"({json.dumps([d['strokes'] for d in drawings])}).map((s) => read(drawStrokes(s)))")
    right = [np.argmax(r["probabilities"]) == d["digit"] for r, d in zip(read, drawings, strict=True)]
    assert np.mean(right) >= 0.95

    times = np.sort(window.evaluate(TIME))
    print(f"from stroke to answer: {times[50]:.1f} ms, of 100 the slowest but one {times[98]:.1f} ms")
    assert times[50] < 50


def test_every_drawing_becomes_the_same_bytes_as_in_python(page):
    drawings = [drawing["strokes"] for drawing in json.loads(DRAWINGS.read_text("utf-8"))]
    found = page.evaluate(FORM % json.dumps(drawings))
    for (raster, image), strokes in zip(found, drawings, strict=True):
        drawn = draw_strokes(strokes)
        assert base64.b64decode(raster) == drawn.tobytes()
        try:
            assert base64.b64decode(image or "") == to_mnist(drawn).tobytes()
        except NoDigit:
            assert image is None


def test_the_drawings_are_of_each_digit_and_of_what_is_none():
    drawings = json.loads((ROOT / DRAWINGS).read_text("utf-8"))
    assert [drawing["digit"] for drawing in drawings] == [
        *(digit for digit in range(10) for _ in range(VARIANTS)),
        *(None for _ in ODD),
    ]
    assert (ROOT / EXAMPLES).exists()


def test_the_answer_follows_the_mouse_and_is_read_aloud_when_the_stroke_ends(page):
    left, top, scale = paper(page)
    page.mouse("mousePressed", left + 60 * scale, top + 60 * scale)
    page.mouse("mouseMoved", left + 140 * scale, top + 200 * scale)
    page.settle()
    during = seen(page)
    assert during["best"] in DIGITS
    assert sum(during["bars"]) == pytest.approx(1)
    assert during["said"] == ""
    page.mouse("mouseReleased", left + 140 * scale, top + 200 * scale)
    page.settle()
    after = seen(page)
    assert after["said"].startswith(f"{after['best']}, ")
    assert " percent; next " in after["said"]
    assert after["said"] in after["label"]


def test_undo_and_clear_take_back_and_an_empty_paper_has_no_answer(page):
    empty = seen(page)
    assert (empty["best"], set(empty["shares"]), set(empty["bars"])) == ("?", {""}, {0})
    draw(page, LINE)
    one = seen(page)
    draw(page, OTHER)
    two = seen(page)
    assert [one["strokes"], two["strokes"]] == [1, 2]
    page.evaluate("element('undo').click()")
    assert seen(page) == one
    page.evaluate("element('clear').click()")
    assert seen(page) == {**empty, "said": "Nothing drawn", "label": "Paper. Nothing drawn"}
    page.key("z", modifiers=2)
    assert seen(page) == one
    page.key("z", modifiers=2)
    page.key("z", modifiers=2)
    assert seen(page)["strokes"] == 0


def test_a_stroke_that_is_undone_while_it_is_drawn_does_not_go_on(page):
    draw(page, LINE)
    one = page.evaluate("strokes")
    left, top, _ = paper(page)
    page.mouse("mousePressed", left + 20, top + 20)
    page.mouse("mouseMoved", left + 60, top + 90)
    page.key("z", modifiers=2)
    page.mouse("mouseMoved", left + 160, top + 190)
    page.mouse("mouseReleased", left + 160, top + 190)
    assert page.evaluate("strokes") == one


def test_keys_draw_what_a_mouse_does(page):
    page.key("Tab")
    assert page.evaluate("document.activeElement === paper")
    for _ in range(2):
        page.key("ArrowLeft")
    page.key(" ", " ")
    for _ in range(9):
        page.key("ArrowDown")
    assert page.evaluate("strokes[0].length") == 10
    assert seen(page)["said"] == "Pen down"
    page.key(" ", " ")
    drawn = seen(page)
    assert drawn["said"].startswith(f"{drawn['best']}, ")
    page.key("ArrowUp")
    assert page.evaluate("strokes[0].length") == 10
    page.key("Backspace")
    assert seen(page)["strokes"] == 0
    page.key(" ", " ")
    page.key("Delete")
    assert seen(page)["strokes"] == 0


def test_an_example_is_written_at_once_where_motion_is_unwelcome_and_like_a_hand_elsewhere(page):
    example = examples()[4]
    page.evaluate("document.querySelector('[aria-label=\"Example 4\"]').click()")
    assert page.evaluate("strokes") == example
    page.prefer(prefers_reduced_motion="no-preference")
    click = "document.querySelector('[aria-label=\"Example 4\"]').click()"
    assert page.evaluate(f"{click}, strokes.flat().length") < sum(map(len, example))
    page.evaluate(
        "new Promise((done) => { const wait = () => (playing ? setTimeout(wait, 20) : done()); wait(); })"
    )
    assert page.evaluate("strokes") == example
    assert seen(page)["said"]


def test_the_finger_draws_and_does_not_scroll_and_a_second_one_changes_nothing(page):
    page.size(390, 500, 2, mobile=True)
    left, top, scale = paper(page)

    def touch(kind, *points):
        where = [{"x": left + scale * x, "y": top + scale * y, "id": n} for n, (x, y) in enumerate(points)]
        page.send("Input.dispatchTouchEvent", type=kind, touchPoints=where)

    touch("touchStart", (100, 200))
    touch("touchMove", (100, 150))
    touch("touchStart", (100, 150), (200, 200))
    touch("touchMove", (100, 60), (200, 100))
    touch("touchEnd")
    page.settle()
    assert page.evaluate("[strokes.length, scrollY]") == [1, 0]
    xs, ys = np.array(page.evaluate("strokes[0]")).T
    assert np.ptp(xs) < 2
    assert np.ptp(ys) == pytest.approx(140, abs=2)


@pytest.mark.parametrize("width", [320, 390, 760, 1280])
def test_nothing_is_wider_than_the_window(page, width):
    page.size(width, 800)
    draw(page, LINE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (
        page.evaluate("Math.min(...Array.from(document.querySelectorAll('button'), (b) => b.clientHeight))") >= 40
    )


def test_the_drawing_survives_another_window_and_another_scheme(page):
    draw(page, LINE)
    before = page.evaluate("strokes"), seen(page)
    page.size(390, 800, 3)
    page.prefer(prefers_color_scheme="dark")
    page.settle()
    assert (page.evaluate("strokes"), seen(page)) == before
    assert page.evaluate("paper.width === Math.round(paper.clientWidth * 3)")


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The source of axe-core, from the registry that npm is configured with."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm, for axe-core")
    packed = subprocess.run(
        [npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    if packed.returncode:
        pytest.skip(f"npm cannot fetch {AXE}")
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        source = archive.extractfile("package/axe.min.js")
        assert source
        return source.read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "classes"), [(1280, DIGITS), (390, DIGITS), (390, FASHION)])
def test_axe_finds_no_violation(window, tmp_path, axe, width, scheme, classes):
    path = tmp_path / "draw.html"
    path.write_bytes(page_of(untrained([20]), classes))
    window.size(width, 800)
    window.prefer(prefers_color_scheme=scheme)
    window.open(path)
    window.evaluate(axe)
    assert window.evaluate(VIOLATIONS) == []
    draw(window, LINE)
    assert window.evaluate(VIOLATIONS) == []
