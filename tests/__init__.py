"""Tests mirror nn, stages and commands; tests/pipeline runs the real dvc."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
