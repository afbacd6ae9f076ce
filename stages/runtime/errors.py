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
    """The text without the names and passwords that stand in URLs (`//name:password@`)."""
    return re.sub(r"//[^/\s]*@", "//", text)


def outputs_hint() -> str:
    """DVC removes the outputs of a stage before it runs: how to get the former ones back."""
    if "DVC_STAGE" not in os.environ:
        return ""
    return " (what DVC removed comes back with `git checkout -- metrics plots` and `dvc checkout`)"
