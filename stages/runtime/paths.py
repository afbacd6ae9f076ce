"""Where the files of the project are, relative to the folder of dvc.yaml. dvc.yaml names the same paths."""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
LOCK = Path("dvc.lock")

RAW = Path("data/raw")
PREPROCESSED = Path("data/preprocessed")
DATASET = PREPROCESSED / "dataset.json"
MODEL = Path("data/model/model.safetensors")
PREDICTIONS = Path("data/predictions")
EXPORT = Path("data/export")
METRICS = Path("metrics")
PLOTS = Path("plots")

# Neither Git nor DVC tracks these. An experiment may run in a copy of the checkout: DVC_ROOT names the checkout.
# Without it, the folder .dvc may lie above: to make one here would be another project for DVC.
ABOVE = (folder for folder in (Path(), *Path.cwd().parents) if (folder / ".dvc").is_dir())
TMP = Path(os.environ.get("DVC_ROOT") or next(ABOVE, "."), ".dvc/tmp")
DOWNLOADS = TMP / "downloads"
TIMES = TMP / "times"
CHECKPOINTS = TMP / "checkpoints"
COMPLETE = "complete"  # in a folder there: that training has come to its end
