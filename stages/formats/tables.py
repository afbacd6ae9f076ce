"""The csv files in plots/, which Git tracks, `dvc plots` shows and the stage plot reads."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from stages.runtime.atomic import missing, write
from stages.runtime.errors import UserError


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write column names and rows, whole or not at all; floats with all their digits."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    write(path, text.getvalue().encode())


def read_columns(path: Path, columns: Sequence[str], **where: str) -> list[list[float]]:
    """The numbers in these columns, a list each; with where, such as corruption="noise", only of those rows.

    Raises UserError where the file is missing, lacks a column or holds no number in one.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise missing(path) from None
    try:
        rows = [row for row in rows if all(row[column] == word for column, word in where.items())]
        return [[float(row[column]) for row in rows] for column in columns]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is no table of {', '.join([*where, *columns])}: {error!r}") from None
