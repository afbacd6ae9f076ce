"""The csv files in plots/, which Git tracks, `dvc plots` shows and the stage plot reads."""

import csv
import io
from collections.abc import Iterable, Sequence
from math import isfinite
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


def read_columns(path: Path, columns: Sequence[str], at_least: int = 0, **where: str) -> list[list[float]]:
    """The numbers in these columns, a list each; with where, such as corruption="noise", only of those rows.

    Raises UserError where the file is missing, is no table with these columns, holds anything but finite numbers
    in them, or has fewer rows.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if all(row[key] == word for key, word in where.items())]
        found = [[float(row[column]) for row in rows] for column in columns]
    except FileNotFoundError:
        raise missing(path) from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise unusable(path, f"it is no table of {', '.join([*where, *columns])} ({error!r})") from None
    if not all(isfinite(number) for column in found for number in column):
        raise unusable(path, f"it holds numbers that are not finite in {', '.join(columns)}")
    if len(rows) < at_least:
        raise unusable(
            path,
            f"it has {len(rows)} rows{''.join(f' of {word}' for word in where.values())}, not {at_least} or more",
        )
    return found


def unusable(path: Path, reason: str) -> UserError:
    """The error for a table that cannot be used."""
    return UserError(f"{path} cannot be used: {reason}; `dvc repro` makes it again")
