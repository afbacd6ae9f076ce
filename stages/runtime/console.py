"""What cannot be printed is dropped: a closed pipe or a lost terminal costs the words, not the work."""

from __future__ import annotations  # an old Python reads this before environment.py can refuse it

import io
import os
import sys


class Unfailing(io.FileIO):
    """A stream of the process, whose reader may go (EPIPE), as its terminal may (EIO), or its disk be full."""

    def write(self, data: object) -> int:
        """How much was written: as much as there was, or it is lost."""
        try:
            return super().write(data) or len(data)  # type: ignore[arg-type]
        except OSError:
            return len(data)  # type: ignore[arg-type]


def make_unfailing() -> None:
    """Let neither print nor a progress bar fail in this process."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed, as by `2>&-`: a file that is opened would get its number, and what is said
            os.open(os.devnull, os.O_RDWR)
    for number, name in ((1, "stdout"), (2, "stderr")):
        former = getattr(sys, name)
        raw = io.BufferedWriter(Unfailing(number, "w", closefd=False))
        encoding, errors = (former.encoding, former.errors) if former else ("utf-8", "backslashreplace")
        setattr(sys, name, io.TextIOWrapper(raw, encoding, errors, line_buffering=True))
