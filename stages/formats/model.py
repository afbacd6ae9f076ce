"""The model file as stages write and read it: digits/model.py, with paths, and errors that say what to do."""

from pathlib import Path

from digits import model
from digits.errors import ModelError
from digits.model import Description
from nn.network import Network
from stages.formats.arrays import DatasetDescription
from stages.runtime.atomic import missing, write
from stages.runtime.errors import UserError
from stages.runtime.paths import MODEL


def write_model(network: Network, dataset: DatasetDescription, path: Path = MODEL) -> None:
    """Write an inference network trained on a data set, whole or not at all."""
    write(path, model.model_bytes(network, dataset.normalization, dataset.classes, dataset.dataset))


def read_model(rows: int, path: Path = MODEL) -> tuple[Network, Description]:
    """The network in a file, for batches of up to `rows` rows, and its description.

    Raises UserError where the file is missing or cannot be used.
    """
    try:
        return model.read_model(rows, path)
    except ModelError as error:
        if not path.exists():
            raise missing(path) from None
        raise UserError(f"{error}; `dvc repro --force train` makes it again") from None
