"""Any picture file as an array: opened, checked before it is decoded, brought to one size, turned upright."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from digits.errors import BadPicture

Picture = NDArray[np.uint8]  # (height, width, 3): sides are multiples of 8, the longer one is SIDE

SIDE = 320  # pixels: twice as many bring no accuracy, and take four times as long
MIN_SIDE = 8  # pixels
MAX_RATIO = 20  # of the sides
MAX_BYTES = 64_000_000
# So that no picture takes 500 MB. JPEG shrinks while it is decoded; WebP is held in memory four times.
MAX_PIXELS = {"JPEG": 64_000_000, "MPO": 64_000_000}
MAX_PIXELS_ELSE = 20_000_000
MAX_SCANS = 100  # of a progressive JPEG, which has about ten: each takes as long as all of another picture
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")  # the fewer decoders, the fewer faults of theirs
WHITE = 247  # of 255; nothing is written in lighter ink on white
REDUCIBLE = {"L", "LA", "RGB", "RGBA", "CMYK"}  # modes that Pillow can shrink as they are


def open_picture(source: Path | bytes) -> Picture:
    """The picture in a file, or in its bytes; of several frames the first. Raises BadPicture."""
    content = source if isinstance(source, bytes) else read_file(source)
    if not content:
        raise BadPicture("the file is empty")
    if len(content) > MAX_BYTES:
        raise BadPicture(f"the file is larger than {MAX_BYTES // 10**6} MB")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MAX_SCANS:
        raise BadPicture(f"the picture is built up in more than {MAX_SCANS} steps")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            check_size(image)
            return decode(image)
    except BadPicture:
        raise
    except UnidentifiedImageError:  # its text holds an address in memory
        raise BadPicture("this is no PNG, JPEG, WebP or GIF, or a damaged one") from None
    except Image.DecompressionBombError:
        raise BadPicture(f"the picture has more than {MAX_PIXELS_ELSE / 1e6:.0f} million pixels") from None
    except Exception as error:  # noqa: BLE001 (damaged files raise what their decoder happens to stumble over)
        raise BadPicture(
            f"the picture is damaged ({' '.join(str(error).split()) or type(error).__name__})"
        ) from None


def read_file(path: Path) -> bytes:
    """The content of a file, or as much of it as shows that it is too large."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise BadPicture("there is no picture in this folder") from None
    except OSError as error:
        raise BadPicture(f"the file cannot be read ({error.strerror or error})") from None


def check_size(image: Image.Image) -> None:
    """Raise BadPicture for what is too large, small or narrow, as long as only its head has been read."""
    width, height = image.size
    limit = MAX_PIXELS.get(image.format or "", MAX_PIXELS_ELSE)
    if width * height > limit:
        raise BadPicture(f"the picture has {width} x {height} pixels, more than {limit / 1e6:.0f} million")
    if min(width, height) < MIN_SIDE:
        raise BadPicture(f"the picture has {width} x {height} pixels; {MIN_SIDE} x {MIN_SIDE} are the fewest")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise BadPicture(f"the picture has {width} x {height} pixels, too narrow to find a digit in")


def decode(image: Image.Image) -> Picture:
    """Decode an image, shrunk as early as its format allows."""
    longer = max(image.size)
    image.draft("RGB", (SIDE * image.width // longer, SIDE * image.height // longer))
    if image.mode.startswith("I"):  # 16 bits, which convert("RGB") would cut off at 255
        values = np.asarray(ImageOps.exif_transpose(image))
        shift = 8 if values.max() > 255 else 0  # an image of 8 bits may have been saved with 16
        image = Image.fromarray((values >> shift).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in REDUCIBLE:
        image = image.convert("RGB")
    if (factor := max(image.size) // SIDE) > 1:
        image = image.reduce(factor)
    if image.mode == "RGBA":
        image = on_paper(image)
    image = ImageOps.exif_transpose(image.convert("RGB"))
    size = fitted(image.size)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BOX if max(image.size) > SIDE else Image.Resampling.BICUBIC)
    return np.asarray(image)


def on_paper(image: Image.Image) -> Image.Image:
    """A transparent image over white, or over black if it would be all white."""
    for paper in ("white", "black"):
        page = Image.new("RGBA", image.size, paper)
        page.alpha_composite(image)
        if (np.asarray(page.convert("L")) < WHITE).any():
            break
    return page


def fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size with SIDE for the longer side, each a multiple of 8."""
    longer = max(size)
    width, height = (max(round(SIDE * side / longer / 8), 1) * 8 for side in size)
    return width, height
