"""Summary: what came out, in words, and where to look next. Run as `python -m commands.summary`.

`make repro` ends with it.
"""

from stages.runtime.atomic import read_json
from stages.runtime.errors import run_or_exit
from stages.runtime.paths import PREDICTIONS


def main() -> None:
    """Print it; raises UserError where `evaluate` has not run."""
    test, validation = (read_json(PREDICTIONS / f"{split}.json") for split in ("test", "validation"))
    accuracy = f"{test['accuracy']:.2%} of the {test['images']:,} test images are classified correctly"
    if validation["images"]:
        accuracy += f", {validation['accuracy']:.2%} of the validation images"
    print(f"""
{accuracy}.
Where to look next (`dvc` needs `. .venv/bin/activate`, once in each shell):
  plots/*.png                   the pictures
  dvc plots show                a page of every curve and picture
  data/predictions/test.json    everything that was counted
  data/export/draw.html         a page to draw on, which the network reads""")  # noqa: T201


if __name__ == "__main__":
    run_or_exit("summary", main)
