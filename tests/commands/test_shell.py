import sys
from pathlib import Path

import pytest

from commands import shell
from stages.runtime.errors import UserError

SAY = "import sys; print(*sys.argv[1:], sep='\\n', file=sys.stderr); sys.exit(1)"


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ([], "it said nothing"),
        (["warning", "fatal: no"], "fatal: no"),
        (
            ["train: no luck", "ERROR: failed to run: python -m stages.train, exited with 1"],
            "train: no luck",
        ),
        (
            ["fatal: it is not yours", "To add an exception:", "", "\tgit config x", "fatal: Could not read"],
            "fatal: it is not yours; `git config x` helps",
        ),
    ],
)
def test_a_command_that_fails_is_named_with_the_last_line_it_said_for_itself(said, last):
    with pytest.raises(UserError, match=f"^`.*` failed: {last}$"):
        shell.output(sys.executable, "-c", SAY, *said)


def test_a_long_command_is_named_by_its_beginning():
    with pytest.raises(UserError, match=r"^`dvc exp no-such-command (-S \S+ )+\.\.\.` failed: "):
        shell.dvc("exp", "no-such-command", *["-S", "train.seed=1"] * 20)


def test_neither_what_failed_nor_what_it_said_shows_a_password():
    with pytest.raises(
        UserError, match=r"^`\S+ -c .*` failed: fatal: https://host/x is no such thing; try again$"
    ):
        shell.output(sys.executable, "-c", SAY, "fatal: https://me:se/cret@host/x is no such thing; try again")
    with pytest.raises(UserError) as caught:
        shell.git("no-such-command", "a=[http://me:secret@host/x]")
    assert "secret" not in str(caught.value)


def test_a_program_that_is_not_installed_is_a_line():
    with pytest.raises(UserError, match=r"^no-such-program is not installed$"):
        shell.output("no-such-program")


def test_a_command_in_a_clone_inherits_no_place_and_no_pinned_kernel(monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("DVC_ROOT", "/elsewhere")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("DATASET_MIRROR", "mirror")
    assert shell.environment()["DATASET_MIRROR"] == str(Path("mirror").absolute())
    for url in ("http://host/mirror", "file:/mirror"):
        monkeypatch.setenv("DATASET_MIRROR", url)
        assert shell.environment()["DATASET_MIRROR"] == url
    assert {"GIT_DIR", "DVC_ROOT", "OPENBLAS_CORETYPE"}.isdisjoint(shell.environment())
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Sandybridge")
    assert shell.environment()["OPENBLAS_CORETYPE"] == "Sandybridge"
