"""README.md and docs/ name what is there; tests/pipeline/test_pages.py runs two of the pages."""

import json
import re
import subprocess
from importlib.util import find_spec

import pytest

from tests import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in PAGES}


def anchors(text):
    """The anchors of the headings of a page, as code hosts make them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_the_readme_is_no_longer_than_a_reader_has_patience_for():
    assert len((ROOT / "README.md").read_bytes()) <= 9_000
    tree = re.search(r"## What is where\n\n```\n(.*?)```", TEXTS["README.md"], re.DOTALL)
    assert tree is not None
    assert len(tree[1].splitlines()) <= 25


def test_the_readme_shows_the_committed_metrics():
    shown = re.search(r"^\$ dvc metrics show\n(.*?)```", TEXTS["README.md"], re.MULTILINE | re.DOTALL)
    assert shown is not None
    header, *rows = (line.split() for line in shown[1].splitlines())
    for path, *cells in rows:
        done = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=ROOT, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("there is no commit to compare with")
        found = {name: float(cell) for name, cell in zip(header[1:], cells, strict=True) if cell != "-"}
        assert found == {name: round(value, 5) for name, value in json.loads(done.stdout).items()}


def test_the_overview_of_the_pages_names_each_of_them_in_ten_lines():
    overview = TEXTS["docs/README.md"]
    named = set(re.findall(r"\]\(([^)]+)\)", overview))
    pages = {str(path.relative_to(ROOT / "docs")) for path in PAGES[1:]}
    assert named == pages - {"README.md", "experiments/template.md"}
    assert sum(line.startswith("| [") for line in overview.splitlines()) <= 10


@pytest.mark.parametrize("path", PAGES, ids=TEXTS)
def test_a_page_links_to_what_is_there(path):
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8")):
        if not target.startswith("http"):
            name, _, anchor = target.partition("#")
            linked = (path.parent / name).resolve() if name else path
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked.read_text("utf-8")), target


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_names_commands_that_there_are(name):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", TEXTS[name])) <= targets
    for module in re.findall(r"python -m ((?:commands|stages|benchmarks|tests)\.[\w.]*\w)", TEXTS[name]):
        made = f"`{module.replace('.', '/')}.py`:" in TEXTS[name]  # by the guide itself
        assert made or module in {"commands.NAME", "stages.NAME"} or find_spec(module) is not None, module
