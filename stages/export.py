"""Export: give the model the forms in which people get it.

Run as `python -m stages.export`. Writes data/export: model.onnx, draw.html and MODEL_CARD.md.
"""

import hashlib

from stages.exporting.card import Described, model_card
from stages.exporting.onnx_file import onnx_file
from stages.formats.arrays import read_description
from stages.formats.model import read_model
from stages.runtime.atomic import all_or_none, write
from stages.runtime.params import read_all, validate
from stages.runtime.paths import EXPORT, MODEL
from stages.runtime.stage import run_stage
from stages.settings.export import Export


def main() -> None:
    """The stage: model, what was found about it and parameters in; the model in other forms and its card out."""
    sections = read_all()
    params = validate("export", sections, Export)
    network, description = read_model(rows=1)
    mean, standard_deviation = description.normalization.mean, description.normalization.standard_deviation
    contents = {MODEL.name: MODEL.read_bytes()}
    if params.onnx:
        contents["model.onnx"] = onnx_file(
            network, mean, standard_deviation, description.classes, description.dataset
        )
    # PAGE: here goes the one call of stages/exporting/page.py, of which `export.page` decides:
    # if params.page: contents["draw.html"] = page_html(network, description)
    files = [
        Described(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items()
    ]
    card = model_card(network, read_description(), sections, files)
    with all_or_none():
        for name, content in contents.items():
            if name != MODEL.name:
                write(EXPORT / name, content)
        write(EXPORT / "MODEL_CARD.md", card)


if __name__ == "__main__":
    run_stage("export", main)
