import os

import numpy as np
import pytest

os.environ.pop("PYTHONSAFEPATH", None)  # or no command that a test starts would find the packages of the checkout


@pytest.fixture
def rng():
    """Random numbers, the same in every run of a test."""
    return np.random.default_rng(20261123)
