"""The stages of the pipeline, each a module run as `python -m stages.NAME`: read files, call nn, write files."""

import signal
import sys

# First of all, so that a signal ends a stage from here on. Who only imports a stage keeps signals and streams.
ARGUMENTS = getattr(sys, "orig_argv", [])  # an old Python has none
MODULE = ARGUMENTS[ARGUMENTS.index("-m") + 1] if "-m" in ARGUMENTS[:-1] else ""
if MODULE.startswith("stages.") and hasattr(signal, "pthread_sigmask"):
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))  # until `start`

    from stages.runtime import console, watch

    console.make_unfailing()
    watch.start(MODULE[len("stages.") :])

# Before all that it holds: what Python reads from here on.
# isort: split
from stages.runtime import environment, snapshot  # noqa: E402, F401

environment.check_versions()
environment.pin_blas_kernel()
environment.set_font_cache()
