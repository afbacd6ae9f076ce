"""What is found in a picture; benchmarks/photographs.py measures how often the trained network reads it right."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from digits import hypotheses, paper
from digits.errors import NoDigit
from digits.form import to_mnist
from digits.ink import find_ink
from digits.pictures import open_picture
from tests.digits.drawings import classifier, drawing, encoded

CLEAN = to_mnist(255 - np.asarray(drawing().convert("L"))).astype(float)


def seen(image, kind="JPEG", polarity=None):
    """What the network is given of a picture, for its more likely polarity."""
    gray = paper.gray_of(open_picture(encoded(image, kind)))
    dark = gray.dark_ink > 0 if polarity is None else polarity
    return to_mnist(find_ink(paper.contrast(gray, 0.25, dark=dark)).raster).astype(float)


def shadowed(image):
    """With half of the light gone beyond a soft slanted edge."""
    ys, xs = np.mgrid[: image.height, : image.width]
    light = 1 - 0.5 * np.clip((xs + 0.3 * ys - 350) / 60 + 0.5, 0, 1)
    return Image.fromarray((np.asarray(image) * light[..., None]).astype(np.uint8))


def lined(image):
    """On lines, which the digit covers."""
    page = Image.new("RGB", image.size, "white")
    draw = ImageDraw.Draw(page)
    for y in range(10, image.height, 30):
        draw.line((0, y, image.width, y), (170, 180, 210), 2)
    return Image.fromarray(np.minimum(np.asarray(page), np.asarray(image)))


def grained(image):
    """With a noise of a tenth of the full scale."""
    noise = np.random.default_rng(0).normal(0, 25.5, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def on_a_table(image, table):
    """On a sheet of paper with a darker table all around."""
    page = Image.new("RGB", image.size, table)
    page.paste(image.resize((460, 345)), (90, 65))
    return page


@pytest.mark.parametrize(
    "image",
    [
        drawing(),
        on_a_table(drawing(), "#282828"),
        on_a_table(drawing(), "#6b4a2b"),
        drawing(paper=(200, 200, 190), ink=(40, 40, 90)),
        drawing(paper="black", ink="white"),
        drawing(paper=(40, 120, 60), ink=(230, 220, 90)),
        drawing(paper=(200, 60, 60), ink=(60, 120, 60)),
        drawing(height=60, pen=6, at=(500, 20)),
        drawing(height=420, pen=42, at=(60, 20)),
        drawing(size=(480, 640), at=(20, 300)),
        drawing(size=(3000, 2000), height=1500, pen=150),
        drawing(size=(140, 140), at=(20, 20), height=100, pen=10),
        drawing().filter(ImageFilter.GaussianBlur(5)),
        drawing(size=(28, 28), at=(6, 4), height=20, pen=2),
        shadowed(drawing()),
        lined(drawing()),
        grained(drawing()),
    ],
    ids=[
        "plain", "on a table", "on wood", "gray", "inverted", "light on dark", "equal luma",
        "small", "large", "upright", "many pixels",
        "few pixels", "out of focus", "28 x 28", "shadow", "lined", "grain",
    ],
)  # fmt: skip
def test_the_same_digit_is_seen_in_whatever_picture_it_stands(image):
    assert np.abs(seen(image) - CLEAN).mean() < 12
    assert np.corrcoef(seen(image).ravel(), CLEAN.ravel())[0, 1] > 0.93


def test_a_digit_that_touches_the_side_is_seen_whole():
    assert np.corrcoef(seen(drawing(at=(-8, 120))).ravel(), CLEAN.ravel())[0, 1] > 0.93


def test_the_parts_of_a_broken_digit_are_seen_together():
    image = drawing()
    ImageDraw.Draw(image).rectangle((290, 100, 300, 330), "white")
    assert np.corrcoef(seen(image).ravel(), CLEAN.ravel())[0, 1] > 0.8


def test_a_small_faint_digit_is_found_beside_the_edge_of_a_shadow():
    image = np.asarray(drawing(height=60, pen=5, at=(540, 30), ink=(150, 150, 150))).copy()
    image[:, :300] //= 2
    gray = paper.gray_of(open_picture(encoded(Image.fromarray(image))))
    found = find_ink(paper.contrast_to_median(gray, dark=True))
    assert found.box == pytest.approx((273, 18, 297, 42), abs=5)


@pytest.mark.parametrize(("strength", "chosen"), [(0.4, 200), (0.8, 100)], ids=["faint", "strong"])
def test_what_crosses_the_picture_is_a_digit_if_it_is_no_fainter_than_a_shadow(strength, chosen, rng):
    contrast = np.zeros((240, 320), np.float32)
    contrast[:, 100:110] = contrast[100:140, 200:210] = strength
    contrast *= rng.uniform(0.9, 1, contrast.shape)
    assert find_ink(contrast).box[0] == pytest.approx(chosen, abs=5)


def test_a_pale_digit_cut_out_without_a_margin_is_not_taken_for_the_edge_of_a_shadow():
    image = drawing(ink=(160, 160, 160)).crop((212, 130, 388, 310))
    gray = paper.gray_of(open_picture(encoded(image)))
    assert not find_ink(paper.contrast(gray, 0.25, dark=True)).across


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_format_of_the_file_makes_hardly_a_difference(kind):
    assert np.abs(seen(drawing(), kind) - CLEAN).mean() < 6


def gradient():
    """From dark to light, without an edge."""
    return Image.fromarray(np.tile(np.linspace(40, 220, 640).astype(np.uint8), (480, 1)))


@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (640, 480), "white"),
        Image.new("L", (640, 480), "black"),
        Image.new("RGBA", (640, 480), (0, 0, 0, 0)),
        Image.new("L", (8, 8), "gray"),
        Image.new("RGB", (160, 8), "red"),
        gradient(),
    ],
    ids=["white", "black", "transparent", "tiny", "narrow", "gradient"],
)
def test_where_there_is_no_ink_no_digit_is_read(image):
    with pytest.raises(NoDigit, match="there is no digit"):
        hypotheses.read(open_picture(encoded(image)), classifier())


def test_grain_alone_is_no_digit():
    with pytest.raises(NoDigit):
        hypotheses.read(
            open_picture(encoded(grained(Image.new("RGB", (640, 480), (200, 200, 200))))), classifier()
        )


def test_a_sure_answer_takes_one_look_and_a_doubtful_one_all(monkeypatch):
    looks, look = [], hypotheses.look

    def counted(*arguments, **polarity):
        looks.append(polarity)
        return look(*arguments, **polarity)

    monkeypatch.setattr(hypotheses, "look", counted)
    picture, network = open_picture(encoded(drawing())), classifier()
    for sure, expected in ((0.0, 1), (1.1, 2 * len(hypotheses.WAYS))):
        monkeypatch.setattr(hypotheses, "PROBABLE", sure)
        looks.clear()
        hypotheses.read(picture, network)
        assert len(looks) == expected


def test_the_answer_is_that_of_the_network_for_the_image_it_saw():
    network = classifier()
    reading = hypotheses.read(open_picture(encoded(drawing())), network)
    assert reading.probabilities.tobytes() == network.probabilities(reading.image[None])[0].tobytes()
    assert reading.probabilities.sum() == pytest.approx(1, abs=1e-6)
    left, top, right, bottom = reading.ink.box
    assert (left, top, right, bottom) == pytest.approx((100 + 5, 60 + 5, 200, 160), abs=8)


def test_arrays_that_are_prepared_are_answered_any_number_at_once(rng):
    images = rng.integers(0, 256, (7, 28, 28), np.uint8)
    one, many = classifier(), classifier()
    together = many.probabilities(images)
    assert together.shape == (7, 10)
    assert np.allclose(together, [one.probabilities(image[None])[0] for image in images], atol=1e-6)
