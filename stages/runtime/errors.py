"""A user's mistake ends a command with one line that says what was wrong, where, and what to do."""

from __future__ import annotations  # an old Python reads this before environment.py can refuse it

import os
import re
import sys
from collections.abc import Callable


class UserError(Exception):
    """A mistake that the user can correct. Its text is all that is shown."""


def run_or_exit(name: str, main: Callable[[], None]) -> None:
    """Run main; a UserError, a failing disk or an interruption ends in one line and an exit code."""
    try:
        main()
    except (UserError, OSError) as error:
        sys.exit(f"{name}: {error}{outputs_hint()}")
    except MemoryError as error:
        sys.exit(f"{name}: not enough memory ({error}); fewer units or a smaller batch need less{outputs_hint()}")
    except KeyboardInterrupt:
        print(f"{name}: interrupted; run it again{outputs_hint()}", file=sys.stderr)  # noqa: T201
        sys.exit(130)


def redact_credentials(text: str) -> str:
    """A value without what could be a password: of a URL, scheme, host and the last part of the path remain.

    Not for a whole message: all before the last `@` goes, for a password may hold anything, and all after `?`.
    """
    start, secret = re.match(r"\W*(?:\w+://)?", text), r"(?s)([?#&;]|%3[fF]|%23)(?=.).*"
    before, at, rest = text.replace("%40", "@").rpartition("@")
    if at:
        text = f"{start[0] if start else ''}{'...' if re.search(secret, before) else rest}"
    text = re.sub(secret, r"\1...", text)
    text = re.sub(r"(?s)(://[^/:\[\"\s]*:)(?!\d+\b).*", r"\1...", text)  # no port: a password, of half a URL
    return re.sub(r"(?is)^(\W*https?://[^/]*/).+/(?=[^/]++/?\W*$)", r"\1.../", text)


def quoted(value: object) -> str:
    """A key or a value in a message: its beginning, on one line, and no credentials."""
    text = redact_credentials(str(value))
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 60 else f"{text[:57]}..."


def outputs_hint() -> str:
    """DVC removes the outputs of a stage before it runs: how to get the former ones back."""
    if "DVC_STAGE" not in os.environ:
        return ""
    return " (what DVC removed comes back with `git checkout -- metrics plots` and `dvc checkout`)"
