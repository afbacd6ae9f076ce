from pathlib import Path

import pytest

from commands.sweep.plan import SWEEPS, read_sweep

SWEEP = """
title: Widths
text: Two of them.
stage: train
seeds: [0, 1]
set: {train.epochs: 2}
rows:
  narrow: {about: narrow}
  wide: {about: wide, set: {train.hidden: [64]}}
"""


@pytest.fixture
def widths(tmp_path, monkeypatch):
    """The sweep `widths`, as the file of a checkout."""
    monkeypatch.chdir(tmp_path)
    SWEEPS.mkdir(parents=True)
    Path(f"{SWEEPS}/widths.yaml").write_text(SWEEP)
    return read_sweep("widths")


def ended(experiment, **metrics):
    """An experiment with what came out."""
    return experiment.model_copy(update={"metrics": metrics, "seconds": 7.0})
