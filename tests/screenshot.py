"""The page of `dvc plots` in Chromium. `python -m tests.screenshot` draws it into docs/plots-page.png."""

import io
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from commands.shell import dvc
from stages.runtime.atomic import atomic_write
from stages.runtime.errors import UserError, run_or_exit

PICTURE = Path("docs/plots-page.png")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OFFLINE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--proxy-server=127.0.0.1:9",  # where nobody listens
)
WIDTH = 1280  # of a small laptop
SECTIONS = 2  # of the page are in the picture
MARGIN = 16  # pixels of paper below them
SHOWN = 960  # pixels that the picture is wide
COLORS = 256


def main() -> None:
    """Draw what `dvc plots show` shows, scaled down and with a palette, into docs/plots-page.png."""
    with tempfile.TemporaryDirectory() as folder:
        dvc("plots", "show", "--quiet", "--out", folder)
        seen = open_page(Path(folder) / "index.html", "--dump-dom").stdout
        folds = re.search(r'data-folds="([0-9 ]+)"', seen)
        if folds is None:
            raise UserError("the page was not drawn to its end")
        height = int(folds[1].split()[SECTIONS - 1]) + MARGIN
        picture = Path(folder) / "picture.png"
        open_page(
            Path(folder) / "index.html",
            f"--screenshot={picture}",
            "--hide-scrollbars",
            f"--window-size={WIDTH},{height}",
        )
        drawn = Image.open(io.BytesIO(picture.read_bytes())).convert("RGB")
    save(drawn, PICTURE)


def save(drawn: Image.Image, path: Path) -> None:
    """Write a picture of a page, scaled down and with a palette."""
    small = drawn.resize((SHOWN, round(drawn.height * SHOWN / drawn.width)), Image.Resampling.LANCZOS)
    with atomic_write(path) as file:
        small.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            file, format="png", optimize=True
        )
    print(f"{path}: {path.stat().st_size:,} bytes")


def browser() -> str | None:
    """The Chromium of this machine, if there is one; the variable CHROMIUM names another."""
    return next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM") or "", *BROWSERS))), None)


def open_page(page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Open a file in Chromium, without a window and without a network, and wait until its scripts are done.

    With --dump-dom the output is the page as its scripts have left it; the errors hold its console.
    """
    chromium = browser()
    if chromium is None:
        raise UserError(f"none of {', '.join(BROWSERS)} is installed; one of them is needed to look at the page")
    with tempfile.TemporaryDirectory() as profile:
        seen = subprocess.run(
            [
                chromium,
                "--headless",
                *OFFLINE,
                f"--user-data-dir={profile}",
                f"--window-size={WIDTH},900",
                "--virtual-time-budget=20000",
                "--enable-logging=stderr",
                *arguments,
                page.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    if seen.returncode:
        raise UserError(f"{chromium} failed: {seen.stderr.strip()}")
    return seen


if __name__ == "__main__":
    run_or_exit("screenshot", main)
