"""The page that `dvc plots show` and `dvc plots diff` fill: one file that needs no network.

`python -m commands.plots_page` builds .dvc/plots/page.html from skeleton.html beside this file. That is for those
who change how the page looks, or the versions of the chart libraries in it: it takes each library from the page as
it is, where the hash is right, and has npm fetch it otherwise.
"""

import hashlib
import re
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from commands.shell import output
from stages.runtime.atomic import write
from stages.runtime.errors import UserError, run_or_exit

SKELETON = Path("commands/plots_page/skeleton.html")
PAGE = Path(".dvc/plots/page.html")
PLACE = "<!-- libraries -->\n"
DVC_FILLS_IN = ("{plot_divs}", "{refresh_tag}", "{scripts}")  # wherever it finds them


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
    """Build the page."""
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
    """build/NAME.min.js of the package; raises UserError where npm is not installed, or fails."""
    with tempfile.TemporaryDirectory() as folder:
        packed = output(
            "npm", "pack", f"{library.name}@{library.version}", "--silent", folder=Path(folder)
        ).strip()
        with tarfile.open(Path(folder, packed)) as package:
            member = package.extractfile(f"package/build/{library.name}.min.js")
            if member is None:
                raise UserError(f"{library.name} {library.version} has no build/{library.name}.min.js")
            return member.read()


if __name__ == "__main__":
    run_or_exit("plots_page", main)
