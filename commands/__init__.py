"""What people run beside the stages, as `python -m commands.NAME`. Nothing below imports a command."""

import sys

# Before a command imports other packages: is this the environment of the project? Only predict runs in any that
# has what digits/ imports: it makes nothing whose bytes are compared.
ARGUMENTS = " ".join(getattr(sys, "orig_argv", []))  # an old Python has none
if "-m commands.predict" not in ARGUMENTS:
    import stages  # noqa: F401
