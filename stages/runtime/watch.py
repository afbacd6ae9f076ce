"""A stage ends within a second of SIGINT, SIGTERM or SIGHUP, and of the end of the DVC that started it.

A thread waits for them and ends the process at once, whatever the main thread is at: an import, a product of
matrices, the lookup of a name. No file is half written under its final name then (atomic.py), and training goes on
after its last checkpoint.
"""

from __future__ import annotations  # an old Python reads this before environment.py can refuse it

import os
import select
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from stages.runtime.errors import outputs_hint

if TYPE_CHECKING:
    from collections.abc import Callable

PARENT = os.getppid()
SECONDS = 0.5  # between two looks at whether DVC is there


def parent_is_there() -> bool:
    """Is this process still the child of the one that started it?"""
    return os.getppid() == PARENT


class Watch:
    """What the thread should know of the stage that this process runs."""

    stage = ""
    remedy = "run it again"
    unfinished: ClassVar[set[Path]] = set()  # what atomic.py is writing
    creating: ClassVar[threading.Lock] = threading.Lock()  # held while one of them is created
    dvc_runs: ClassVar[Callable[[], bool]] = parent_is_there  # stage.py knows more where a shell stands between


def start(stage: str) -> None:
    """Watch over this process; a signal that was ignored when it began stays ignored, as under nohup."""
    Watch.stage = stage
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    caught = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)  # where Python writes the number of a signal at once
    for number in caught:
        signal.signal(number, lambda *_: None)
    threading.Thread(target=wait, args=(receiver, caught), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def wait(receiver: int, caught: list[signal.Signals]) -> None:
    """End the process when it is time."""
    while True:
        ready, _, _ = select.select([receiver], [], [], SECONDS)
        for number in os.read(receiver, 64) if ready else b"":
            if number in caught:
                end(f"{signal.Signals(number).name}; {Watch.remedy}", 128 + number)
        end_if_orphaned()


def end_if_orphaned() -> None:
    """End the process if the DVC that started it is gone: another one may be at work on the same outputs."""
    if "DVC_STAGE" in os.environ and not Watch.dvc_runs():
        end(f"the end of the dvc that started it; {Watch.remedy}", 1)


def end(why: str, code: int) -> None:
    """End the process at once, with a line, and without what it was writing."""
    with suppress(OSError, ValueError):
        new_line = "\n" if os.isatty(2) else ""  # after a progress bar
        if select.select([], [2], [], 0.2)[1]:  # else its reader has stopped reading, and to write would wait
            os.write(2, f"{new_line}{Watch.stage}: stopped by {why}{outputs_hint()}\n".encode())
    Watch.creating.acquire(timeout=1)
    for path in list(Watch.unfinished):
        with suppress(OSError):
            path.unlink()
    os._exit(code)
