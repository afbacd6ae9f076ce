"""Doctor: what is wrong with this checkout, a line for each problem; and fix what can be fixed, when asked.

Run as `python -m commands.doctor`, or `make doctor`; with `--fix`, or FIX=1, it fixes. The exit code is 0 if no
problem is left, else 1. It changes nothing that it has not named first, and nothing at all while Git, DVC or a
stage works anywhere in the repository. Where it cannot be sure, it says so in a note.
"""

import sys
from pathlib import Path

from commands.doctor import cache, lockfile, prerequisites, stale
from commands.doctor.checkout import Checkout, Finding
from commands.doctor.processes import refuse_if_busy, running_processes
from stages.runtime.errors import UserError, run_or_exit

# In this order: a check may need what those before it have fixed.
AROUND = (prerequisites.history, prerequisites.folders, prerequisites.notes)
STALE = (stale.locks, stale.git_locks, stale.experiments, lockfile.damaged, stale.temporary_runs, stale.parts)
CACHE = (cache.damaged, cache.missing)


def main() -> None:
    """Run every check, and fix if `--fix` is on the command line; exit with 1 if a problem is left."""
    if sys.argv[1:] not in ([], ["--fix"]):
        raise UserError("takes nothing but --fix")
    fix = bool(sys.argv[1:])
    root = Path.cwd().resolve()
    if not (root / ".dvc").is_dir():
        raise UserError(f"{root} has no folder .dvc: go to the folder that dvc.yaml is in")
    checkout = Checkout(root)
    if fix:
        refuse_if_busy(checkout)
    # What a killed process leaves cannot be told from what a running one needs.
    running = running_processes(checkout)
    for pid, command in running.items():
        say(f"process {pid} works in this repository ({command}); locks and experiments are not checked")
    found = fixed = 0
    for check in (*AROUND, *(() if running else STALE), *CACHE):
        for finding in check(checkout):
            if isinstance(finding, str):
                say(f"note: {finding}")
                continue
            found += 1
            fixed += handle(finding, checkout, fix=fix)
    if not found:
        say("nothing is wrong here")
    elif fixed < found:
        rest = "" if fix else "; `make doctor FIX=1` fixes what it can"
        say(f"{found} found, {fixed} fixed{rest}")
        sys.exit(1)
    else:
        say(f"{found} found, all fixed; `dvc repro` works again")


def handle(finding: Finding, checkout: Checkout, *, fix: bool) -> bool:
    """Print a finding, and fix it if that is wanted and possible; returns whether it was fixed."""
    if not fix or finding.fix is None:
        say(f"{finding.where}: {finding.what}; {finding.remedy}")
        return False
    say(f"{finding.where}: {finding.what}; ", end="")
    try:
        refuse_if_busy(checkout)  # a process may have started while the cache was read
        say(finding.fix())
    except (UserError, OSError) as error:
        say(f"not fixed: {error}")
        return False
    return True


def say(text: str, end: str = "\n") -> None:
    """Print at once: what is done next has to be named before."""
    print(text, end=end, flush=True)  # noqa: T201


if __name__ == "__main__":
    run_or_exit("doctor", main)
