"""Export: give the model the forms in which people get it.

Run as `python -m stages.export`. Writes data/export: model.onnx, draw.html and MODEL_CARD.md.
"""

import hashlib
from dataclasses import asdict

from digits.model import named_parameters
from stages.exporting.card import Described, model_card
from stages.exporting.onnx_file import onnx_file
from stages.exporting.page import page_html, size_line
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
    if params.page:
        layers, normalization = [asdict(layer) for layer in description.layers], asdict(description.normalization)
        page = page_html(layers, named_parameters(network), normalization, description.classes)
        contents["draw.html"] = page
        print(f"draw.html, a page to draw on: {size_line(page)}", flush=True)  # noqa: T201
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
