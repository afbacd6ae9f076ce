"""Facts about the whole pipeline, run by the real dvc."""
