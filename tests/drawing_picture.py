"""`python -m tests.drawing_picture` draws data/export/draw.html, with a digit on it, into docs/draw-page.png."""

import io
from pathlib import Path

from PIL import Image

from stages.runtime.atomic import missing
from stages.runtime.errors import run_or_exit
from tests.devtools import chromium
from tests.screenshot import WIDTH, save

PAGE = Path("data/export/draw.html")
PICTURE = Path("docs/draw-page.png")
HEIGHT = 776  # without the last line of paper
EXAMPLE = 5


def main() -> None:
    """Open the page, click on an example, and keep what is seen then."""
    if not PAGE.exists():
        raise missing(PAGE)
    with chromium() as page:
        page.size(WIDTH, HEIGHT, scale=2)
        page.prefer(prefers_color_scheme="light", prefers_reduced_motion="reduce")
        page.open(PAGE)
        page.evaluate(f"element('examples').children[{EXAMPLE}].click()")
        page.settle()
        page.evaluate("element('time').hidden = true")  # another one each time
        picture = page.screenshot()
    save(Image.open(io.BytesIO(picture)).convert("RGB"), PICTURE)


if __name__ == "__main__":
    run_or_exit("drawing_picture", main)
