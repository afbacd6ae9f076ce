"""The stages of the pipeline, each a module run as `python -m stages.NAME`: read files, call nn, write files."""

from stages.runtime import snapshot  # first: it holds what Python reads from here on  # noqa: F401

# isort: split
from stages.runtime import environment

environment.check_versions()
environment.pin_blas_kernel()
environment.set_font_cache()
