"""A stage starts fast: it loads no package that it does not use. Only plot waits for matplotlib."""

import subprocess
import sys

import pytest

PACKAGES = {  # what takes time to load, and who may
    "numpy": {"preprocess", "train", "evaluate", "plot", "export"},
    "threadpoolctl": {"train", "evaluate", "plot", "export"},
    "safetensors": {"train", "evaluate", "plot", "export"},
    "matplotlib": {"plot"},
    "requests": {"download"},
    "tqdm": {"download", "train"},
    # What no stage loads: `pip` and `pypi_simple` when a package index is asked, the others never.
    "pip": set(),
    "pypi_simple": set(),
    "dvc": set(),
    "dvc_data": set(),
    "scipy": set(),
    "boto3": set(),
    "pytest": set(),
}
LOADED = "import sys, stages.{}; print(*{{name.split('.')[0] for name in sys.modules}})"


@pytest.mark.parametrize("stage", ["download", "preprocess", "train", "evaluate", "plot", "export"])
def test_a_stage_loads_no_package_that_it_does_not_use(stage):
    code = LOADED.format(stage)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {name for name, stages in PACKAGES.items() if name in loaded and stage not in stages} == set()
    assert "pydantic" in loaded
