"""Take back: have DVC record a result that was refused because its parameters, code or data changed meanwhile.

Run as `python -m commands.take_back NAME`, where .dvc/tmp/rejected/NAME holds the result and what it was made
with. Both are put in their places, and `dvc commit` records them. What stood there before is kept beside them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel

from commands.processes import refuse_company
from stages.errors import UserError, command
from stages.identity import REJECTED, content_hash


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
    replaced = put(folder / "told", folder) + put(folder / "made", folder)
    committed = subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", stage], check=False)
    if committed.returncode:
        raise UserError(f"the result is in its place, but `dvc commit --force {stage}` failed")
    print(f"{stage} is recorded in dvc.lock with what it was made with")  # noqa: T201
    if replaced:
        print(f"what stood there is in {folder / 'replaced'}: {', '.join(replaced)}")  # noqa: T201


def put(source: Path, folder: Path) -> list[str]:
    """Copy the files below source to their places; those that were there and differ go to FOLDER/replaced."""
    replaced = []
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        name = path.relative_to(source)
        before = content_hash(name)
        if before == content_hash(path):
            continue
        if before is not None:
            kept = folder / "replaced" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(name, kept)
            replaced.append(str(name))
        name.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, name)
    return replaced


if __name__ == "__main__":
    command("take back", main)
