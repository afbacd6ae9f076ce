import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from digits.errors import BadPicture
from digits.pictures import SIDE, open_picture
from tests.digits.drawings import drawing, encoded

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (28, 28), (1500, 333)])
def test_a_picture_of_any_size_and_format_has_the_same_longer_side(kind, size):
    picture = open_picture(encoded(Image.new("RGB", size, "white"), kind))
    assert picture.dtype == np.uint8
    assert max(picture.shape) == SIDE
    assert picture.shape[2] == 3
    assert picture.shape[0] % 8 == picture.shape[1] % 8 == 0
    assert picture.shape[1] / picture.shape[0] == pytest.approx(size[0] / size[1], rel=0.12)
    assert picture.min() > 250


def halves(mode, left, right):
    """A picture with a left half and a right one."""
    image = Image.new(mode, (320, 240), left)
    image.paste(right, (160, 0, 320, 240))
    return image


@pytest.mark.parametrize(
    ("image", "left", "right"),
    [
        (halves("1", 0, 1), BLACK, WHITE),
        (halves("L", 10, 200), (10, 10, 10), (200, 200, 200)),
        (halves("LA", (0, 255), (0, 0)), BLACK, WHITE),
        (halves("RGBA", (0, 0, 0, 255), (0, 0, 0, 0)), BLACK, WHITE),
        (halves("RGBA", (255, 255, 255, 255), (255, 255, 255, 0)), WHITE, BLACK),  # white ink on nothing
        (halves("RGB", (200, 30, 40), (0, 90, 250)), (200, 30, 40), (0, 90, 250)),
        (halves("P", 0, 1), None, None),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else "",
)
def test_every_colour_depth_and_transparency_is_seen_as_a_person_sees_it(image, left, right):
    if image.mode == "P":
        image.putpalette([9, 9, 9, 250, 240, 230])
        content, left, right = encoded(image, transparency=1), (9, 9, 9), WHITE
    else:
        content = encoded(image)
    picture = open_picture(content)
    assert tuple(picture[100, 40]) == left
    assert tuple(picture[100, 280]) == right


def test_sixteen_bits_a_pixel_are_scaled_and_not_cut_off():
    gray = np.tile(np.linspace(0, 65535, 320).astype(np.uint16), (240, 1))
    picture = open_picture(encoded(Image.fromarray(gray)))
    assert abs(float(picture.mean()) - 127.5) < 1


def test_a_black_and_white_cmyk_jpeg_is_black_and_white():
    picture = open_picture(encoded(halves("RGB", BLACK, WHITE).convert("CMYK"), "JPEG"))
    assert picture[100, 40].max() < 30
    assert picture[100, 280].min() > 225


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0)), (99, (0, 0))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_exif_says(kind, orientation, corner):
    image = Image.new("RGB", (1280, 960), "white")
    image.paste("black", (0, 0, 300, 300))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(encoded(image, kind, exif=exif))
    dark = {(y, x) for y in (0, -1) for x in (0, -1) if picture[y, x].max() < 50}
    assert dark == {corner}


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.new("L", (64, 48), shade) for shade in (10, 240)]
    picture = open_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert picture.max() < 30


def test_a_file_and_its_bytes_are_the_same_picture(tmp_path):
    content = encoded(drawing())
    (tmp_path / "seven.png").write_bytes(content)
    assert (open_picture(tmp_path / "seven.png") == open_picture(content)).all()


def png(width, height, content=b""):
    """A PNG that says it has this size: its head, and what follows."""
    head = struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", content), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def flipped(content):
    """With a bit of its middle turned round."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


JPEG, PNG = encoded(drawing(), "JPEG"), encoded(drawing())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"no picture", "this is no PNG, JPEG, WebP or GIF"),
        (b"%PDF-1.7\n", "this is no PNG, JPEG, WebP or GIF"),
        (encoded(drawing(), "BMP"), "this is no PNG, JPEG, WebP or GIF"),
        (JPEG[: len(JPEG) // 2], "the picture is damaged"),
        (PNG[: len(PNG) // 2], "the picture is damaged"),
        (flipped(PNG), "the picture is damaged"),
        (png(0, 10), "this is no PNG, JPEG, WebP or GIF"),
        (png(50_000, 50_000, zlib.compress(bytes(50_000))), "more than 20 million"),
        (png(6_000, 6_000), "the picture has 6000 x 6000 pixels, more than 20 million"),
        (encoded(Image.new("L", (3, 400))), "the picture has 3 x 400 pixels; 8 x 8 are the fewest"),
        (encoded(Image.new("L", (1, 1))), "the picture has 1 x 1 pixels; 8 x 8 are the fewest"),
        (encoded(Image.new("L", (9, 400))), "too narrow to find a digit in"),
        (bytes(64_000_001), "the file is larger than 64 MB"),
    ],
    ids=range(14),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_cannot_be_read_is_refused_in_one_line_that_is_the_same_every_time(content, message):
    lines = set()
    for _ in range(2):
        with pytest.raises(BadPicture, match=message) as caught:
            open_picture(content)
        lines.add(str(caught.value))
    assert len(lines) == 1
    assert "\n" not in lines.pop()


def test_a_file_that_is_not_there_is_no_picture(tmp_path):
    with pytest.raises(BadPicture, match="the file cannot be read"):
        open_picture(tmp_path / "nothing.png")


def test_a_picture_of_8_bits_that_was_saved_with_16_is_as_it_was():
    gray = np.tile(np.arange(0, 240, 8, dtype=np.uint16), (40, 1))
    file = io.BytesIO()
    Image.fromarray(gray).save(file, "PNG")
    assert np.ptp(open_picture(file.getvalue())) > 200


def test_a_jpeg_of_very_many_steps_is_refused_before_it_is_decoded():
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    start = content.rindex(b"\xff\xda")
    with pytest.raises(BadPicture, match="built up in more than 100 steps"):
        open_picture(content[:start] + content[start:-2] * 200 + content[-2:])
