"""Bring docs/experiments/results to the metrics of now. Run once, from the checkout: `python migrate_results.py`.

In metrics/train.json epochs is epoch now, and validation_ is val_; steps and parameters are gone. train_loss is
dropped: it was the loss of the batches, deformed and smoothed, another measure than the train_loss of now.
"""

import json
from pathlib import Path

NAMES = {"epochs": "epoch", "validation_loss": "val_loss", "validation_accuracy": "val_accuracy"}

for path in sorted(Path("docs/experiments/results").glob("*.json")):
    content = json.loads(path.read_text("utf-8"))
    for entry in content["experiments"]:
        train = entry["metrics"]["train"]
        entry["metrics"]["train"] = {new: train[old] for old, new in NAMES.items() if old in train}
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
