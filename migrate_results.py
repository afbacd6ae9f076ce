"""Bring the results of sweeps to the new names of parameters and figures. Run once; no figure changes."""

import json
from pathlib import Path

PARAMS = {
    "train.ema": "train.ema_decay",
    "train.hard_share": "train.hard_fraction",
    "train.hard_times": "train.hard_repeats",
    "train.early_stopping": "train.early_stopping_patience",
    "train.augment.smoothness": "train.augment.elastic_sigma",
    "train.augment.halved": "train.augment.halved_at_end",
    "train.augment.untouched": "train.augment.unchanged_fraction",
    "prepare.normalization": "preprocess.normalization",
    "prepare.validation_size": "preprocess.validation_size",
    "prepare.seed": "preprocess.seed",
}
GONE = {"train.max_norm", "train.schedule_steps", "train.schedule_factor", "train.initialization"}
FIGURES = {"misread": "misclassified"}

for path in sorted(Path("docs/experiments/results").glob("*.json")):
    content = json.loads(path.read_bytes())
    for entry in content["experiments"]:
        settings = {PARAMS.get(key, key): value for key, value in entry["set"].items() if key not in GONE}
        if decay := settings.pop("train.l2", None):  # of an optimizer whose weight_decay was 0: now it is this
            settings["train.weight_decay"] = decay
        entry["set"] = settings
        entry["metrics"] = {
            file: {FIGURES.get(key, key): value for key, value in figures.items()}
            for file, figures in entry["metrics"].items()
        }
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
