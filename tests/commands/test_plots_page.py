import dataclasses
import subprocess

import pytest

from commands import shell
from commands.plots_page import __main__ as plots_page
from commands.plots_page.__main__ import LIBRARIES, PAGE, SKELETON
from stages.runtime.errors import UserError
from tests import ROOT


@pytest.fixture
def page():
    return (ROOT / PAGE).read_text("utf-8")


@pytest.fixture
def skeleton():
    return (ROOT / SKELETON).read_text("utf-8")


@pytest.fixture
def without_npm(monkeypatch):
    monkeypatch.setenv("PATH", "")


def test_the_committed_page_is_what_the_script_makes_of_the_skeleton(page, skeleton, without_npm):
    assert plots_page.build(skeleton, {library: plots_page.source(library, page) for library in LIBRARIES}) == page


def test_every_placeholder_that_dvc_fills_is_there_once_and_its_scripts_from_the_web_are_not(page):
    assert page.count("{plot_divs}") == page.count("{refresh_tag}") == 1
    assert "{scripts}" not in page


def test_the_page_is_below_the_size_that_hooks_ask_about(page):
    assert len(page.encode()) < 2**20


def test_the_notice_names_what_the_page_holds():
    notice = (ROOT / "NOTICE").read_text("utf-8").lower()
    for library in LIBRARIES:
        assert f"{library.name} {library.version}" in notice


def test_a_library_that_was_changed_in_the_page_is_not_taken_from_it(page, without_npm):
    changed = page.replace('e.version="5.33.1"', 'e.version="5.33.2"').replace(
        't.version="5.33.1"', 't.version="6"'
    )
    assert changed != page
    with pytest.raises(UserError, match="npm is not installed"):
        plots_page.source(LIBRARIES[0], changed)


def test_what_npm_fetches_has_to_have_the_hash(monkeypatch):
    monkeypatch.setattr(plots_page, "fetch", lambda library: b"something else")
    with pytest.raises(UserError, match=r"vega 5\S+ has the SHA-256 \w{64}, not 463f3db6"):
        plots_page.source(LIBRARIES[0], "")


def test_an_npm_that_fails_says_why_in_a_line(monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "npm error 404\n")
    monkeypatch.setattr(shell, "run", lambda *args, **kwargs: failed)
    with pytest.raises(UserError, match=r"`npm pack vega-lite@5.23.0 --silent` failed: npm error 404"):
        plots_page.fetch(LIBRARIES[1])


@pytest.mark.parametrize("mark", ["{plot_divs}", "{scripts}", "</script>", "<!--"])
def test_a_library_in_which_dvc_or_a_browser_would_find_a_mark_is_refused(skeleton, mark):
    library = dataclasses.replace(LIBRARIES[0], name="strange")
    with pytest.raises(UserError, match=r"strange 5.33.1 contains .* it cannot stand in a page"):
        plots_page.build(skeleton, {library: f"before {mark} after"})
