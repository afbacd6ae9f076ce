"""The page that `dvc plots show` and `dvc plots diff` fill: one file that needs no network.

    python -m commands.plots_page               build .dvc/plots/page.html from commands/plots_page.html
    python -m commands.plots_page screenshot    draw the page with the plots as they are: docs/plots-page.png

The first is for those who change how the page looks, or the versions of the chart libraries in it: it takes each
library from the page as it is, where the hash is right, and has npm fetch it otherwise. The second needs Chromium.
"""

import argparse
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stages.runtime.atomic import atomic_write, write
from stages.runtime.errors import UserError, run_or_exit

SKELETON = Path("commands/plots_page/skeleton.html")
PAGE = Path(".dvc/plots/page.html")
PICTURE = Path("docs/plots-page.png")
PLACE = "<!-- libraries -->\n"
DVC_FILLS_IN = ("{plot_divs}", "{refresh_tag}", "{scripts}")  # wherever it finds them
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH = 1280  # of a small laptop
SECTIONS = 2  # of the page are in the picture
MARGIN = 16  # pixels of paper below them
SHOWN = 960  # pixels that the picture is wide
COLORS = 256


@dataclass(frozen=True)
class Library:
    """A package of npm, of which the page holds build/NAME.min.js; the SHA-256 is that of this file."""

    name: str
    version: str
    sha256: str

    @property
    def tag(self) -> str:
        """What stands before the library in the page."""
        return f'<script data-library="{self.name}@{self.version}">'


# The last of the major versions that DVC's own templates name in their $schema (Vega-Lite 5).
LIBRARIES = (
    Library("vega", "5.33.1", "463f3db6a40b20e9747b4ed38f37ed0add508838f9141b1cf8366784b07b30c8"),
    Library("vega-lite", "5.23.0", "58c27358e26f2d319cf62f45bc17a4c8362f08645001df2ec8d341eee4097c7f"),
    Library("vega-embed", "6.29.0", "12d02acfbe3ec59ef9a37dd4822a2e04e2961b5bbb671bbe661d2221715b99da"),
)


def main() -> None:
    """Build the page, or draw it."""
    parser = argparse.ArgumentParser(prog="python -m commands.plots_page", description="The page of `dvc plots`")
    parser.add_argument("what", nargs="?", choices=("build", "screenshot"), default="build")
    if parser.parse_args().what == "screenshot":
        screenshot()
        return
    existing = PAGE.read_text("utf-8") if PAGE.exists() else ""
    page = build(SKELETON.read_text("utf-8"), {library: source(library, existing) for library in LIBRARIES})
    write(PAGE, page.encode())
    print(f"{PAGE}: {len(page.encode()):,} bytes")  # noqa: T201


def build(skeleton: str, sources: dict[Library, str]) -> str:
    """The skeleton with the libraries in their place.

    Raises UserError where DVC or the browser would take a part of a library for something else.
    """
    for library, text in sources.items():
        for mark in (*DVC_FILLS_IN, "</script", "<!--"):
            if mark in text:
                raise UserError(f"{library.name} {library.version} contains {mark}: it cannot stand in a page")
    scripts = "".join(f"{library.tag}\n{text}\n</script>\n" for library, text in sources.items())
    return skeleton.replace(PLACE, scripts)


def source(library: Library, page: str) -> str:
    """The text of a library: what the page holds, or else what npm fetches.

    Raises UserError where the hash is another one, or npm cannot be had.
    """
    held = re.search(f"{re.escape(library.tag)}\n(.*?)\n</script>\n", page, re.DOTALL)
    if held and hashlib.sha256(held[1].encode()).hexdigest() == library.sha256:
        return held[1]
    content = fetch(library)
    found = hashlib.sha256(content).hexdigest()
    if found != library.sha256:
        raise UserError(f"{library.name} {library.version} has the SHA-256 {found}, not {library.sha256}")
    return content.decode()


def fetch(library: Library) -> bytes:
    """build/NAME.min.js of the package, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"npm is not installed; it is needed to fetch {library.name} {library.version}")
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            [npm, "pack", "--silent", "--pack-destination", folder, f"{library.name}@{library.version}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if packed.returncode:
            raise UserError(f"npm could not fetch {library.name} {library.version}: {packed.stderr.strip()}")
        with tarfile.open(Path(folder) / packed.stdout.strip()) as package:
            member = package.extractfile(f"package/build/{library.name}.min.js")
            if member is None:
                raise UserError(f"{library.name} {library.version} has no build/{library.name}.min.js")
            return member.read()


def screenshot() -> None:
    """Draw what `dvc plots show` shows, scaled down and with a palette, into docs/plots-page.png."""
    with tempfile.TemporaryDirectory() as folder:
        shown = subprocess.run(
            [sys.executable, "-m", "dvc", "plots", "show", "--quiet", "--out", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if shown.returncode:
            raise UserError(f"`dvc plots show` failed: {shown.stderr.strip()}")
        seen = look_at(Path(folder) / "index.html", "--dump-dom").stdout
        folds = re.search(r'data-folds="([0-9 ]+)"', seen)
        if folds is None:
            raise UserError("the page was not drawn to its end")
        height = int(folds[1].split()[SECTIONS - 1]) + MARGIN
        picture = Path(folder) / "picture.png"
        look_at(
            Path(folder) / "index.html",
            f"--screenshot={picture}",
            "--hide-scrollbars",
            f"--window-size={WIDTH},{height}",
        )
        drawn = Image.open(io.BytesIO(picture.read_bytes())).convert("RGB")
    small = drawn.resize((SHOWN, round(drawn.height * SHOWN / drawn.width)), Image.Resampling.LANCZOS)
    with atomic_write(PICTURE) as file:
        small.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            file, format="png", optimize=True
        )
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")  # noqa: T201


def browser() -> str | None:
    """The Chromium of this machine, if there is one; the variable CHROMIUM names another."""
    return next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM") or "", *BROWSERS))), None)


def look_at(page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
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
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--proxy-server=127.0.0.1:9",  # where nobody listens
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
    run_or_exit("plots_page", main)
