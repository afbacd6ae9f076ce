"""Doctor: what is wrong with this checkout, a line each; and mend what can be mended, when asked.

Run as `python -m commands.doctor`, or `make doctor`; with `--fix`, or FIX=1, it mends. The exit code is 0 where
nothing is wrong any more, else 1. It changes nothing that it has not named first, and nothing at all while a
process of DVC or a stage works in the checkout.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from commands.doctor import cache, prerequisites, stale
from commands.doctor.checkout import Checkout, Finding
from commands.doctor.processes import living, refuse_company
from stages.runtime.errors import UserError, run_or_exit

Check = Callable[[Checkout], Iterator[Finding]]

# Each looks when those before it have mended.
AROUND: tuple[Check, ...] = (prerequisites.history, prerequisites.site_cache)
LEFT: tuple[Check, ...] = (
    stale.locks,
    stale.locks_of_git,
    stale.experiments,
    stale.temporary_runs,
)
CACHE: tuple[Check, ...] = (cache.damaged, cache.missing)


def main() -> None:
    """Look, say, and mend if `--fix` is on the command line; exit with 1 where something stays wrong."""
    if sys.argv[1:] not in ([], ["--fix"]):
        raise UserError("takes nothing but --fix")
    fix = bool(sys.argv[1:])
    root = Path.cwd().resolve()
    if not (root / ".dvc").is_dir():
        raise UserError(f"{root} has no folder .dvc: go to the folder that dvc.yaml is in")
    if fix:
        refuse_company(root)
    checkout = Checkout(root)
    found = mended = 0
    for check in (*AROUND, *left_to_look_at(root), *CACHE):
        for finding in check(checkout):
            found += 1
            mended += treat(finding, root, fix=fix)
    for note in prerequisites.notes(checkout):
        say(f"note: {note}")
    if not found:
        say("nothing is wrong here")
    elif mended < found:
        rest = "" if fix else "; `make doctor FIX=1` mends what it can"
        say(f"{found} found, {mended} mended{rest}")
        sys.exit(1)
    else:
        say(f"{found} found, all mended; `dvc repro` works again")


def left_to_look_at(root: Path) -> tuple[Check, ...]:
    """What a killed process leaves cannot be told from what a living one needs."""
    works = living(root)
    for pid, its_command in works.items():
        say(f"process {pid} works in this checkout ({its_command}); locks and experiments are not looked at")
    return () if works else LEFT


def treat(finding: Finding, root: Path, *, fix: bool) -> bool:
    """Say what was found, then mend it if that is wanted and possible, and say so; was it?"""
    if not fix or finding.mend is None:
        say(f"{finding.where}: {finding.what}; {finding.todo}")
        return False
    say(f"{finding.where}: {finding.what}; ", end="")
    try:
        refuse_company(root)  # one may have started while the cache was read
        say(finding.mend())
    except (UserError, OSError) as error:
        say(f"not mended: {error}")
        return False
    return True


def say(text: str, end: str = "\n") -> None:
    """Print at once: what is done next has been named."""
    print(text, end=end, flush=True)  # noqa: T201


if __name__ == "__main__":
    run_or_exit("doctor", main)
