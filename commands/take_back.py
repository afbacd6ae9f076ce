"""Take back: have DVC record a result that was refused because its parameters, code or data changed meanwhile.

Run as `python -m commands.take_back NAME`, where .dvc/tmp/rejected/NAME holds the result and what it was made
with. Both are put in their places, and `dvc commit` records them. What stood there before is kept beside them.
"""

import shutil
import subprocess
import sys
from itertools import chain, count
from pathlib import Path

from pydantic import BaseModel

from commands.doctor.processes import refuse_company
from stages.runtime.atomic import write
from stages.runtime.edits import REJECTED, content_hash
from stages.runtime.errors import UserError, run_or_exit


class Run(BaseModel):
    """What identity.py wrote of a refused result: its stage, and the hashes of the data that it was made with."""

    stage: str
    inputs: dict[str, str | None]


def main() -> None:
    """Take back the result that the command line names."""
    names = sorted(path.parent.name for path in REJECTED.glob("*/run.json"))
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        raise UserError(f"say which: {', '.join(names) or f'there is nothing in {REJECTED}'}")
    refuse_company(Path.cwd())
    folder = REJECTED / sys.argv[1]
    run = Run.model_validate_json((folder / "run.json").read_bytes())
    stage = run.stage
    for path, wanted in run.inputs.items():
        if content_hash(Path(path)) != wanted:
            raise UserError(
                f"{path} is not what {folder} was made with; `dvc checkout {Path(path).parent}` may bring it back"
            )
    kept = unused(folder / "replaced")
    replaced = put(folder / "told", kept) + put(folder / "made", kept)
    if replaced:
        print(f"what stood there is in {kept}: {', '.join(replaced)}", flush=True)  # noqa: T201
    committed = subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", stage], check=False)
    if committed.returncode:
        raise UserError(f"the result is in its place, but `dvc commit --force {stage}` failed")
    print(f"{stage} is recorded in dvc.lock with what it was made with")  # noqa: T201


def unused(folder: Path) -> Path:
    """The folder, or, where it is there already, one with a number behind its name."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
    return next(path for path in chain([folder], numbered) if not path.exists())


def put(source: Path, kept: Path) -> list[str]:
    """Copy the files below source to their places; those that were there and differ go to the folder `kept`."""
    replaced = []
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        name = path.relative_to(source)
        before = content_hash(name)
        if before == content_hash(path):
            continue
        if before is not None:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(name, kept / name)
            replaced.append(str(name))
        write(name, path.read_bytes())
    return replaced


if __name__ == "__main__":
    run_or_exit("take back", main)
