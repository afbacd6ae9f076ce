"""Check: is params.yaml as it should be, all of it? Run as `python -m commands.check`, or `make check`."""

from stages.download import Download
from stages.draw import Draw
from stages.errors import UserError, command
from stages.evaluate import Evaluate
from stages.params import PARAMS, Section, read_all, suggest, validate
from stages.prepare import Prepare
from stages.train import Train

SECTIONS: dict[str, type[Section]] = {
    "download": Download,
    "prepare": Prepare,
    "train": Train,
    "evaluate": Evaluate,
    "draw": Draw,
}


def main() -> None:
    """Validate every section; raise UserError with a line for each mistake there is."""
    content = read_all()
    mistakes = [
        f"{PARAMS}: the section {name} is not known; {suggest(str(name), list(SECTIONS))}"
        for name in content
        if name not in SECTIONS
    ]
    for name, model in SECTIONS.items():
        try:
            validate(name, content, model)
        except UserError as error:
            mistakes.append(str(error))
    if mistakes:
        raise UserError("\n".join(mistakes))
    print(f"{PARAMS} is valid")  # noqa: T201


if __name__ == "__main__":
    command("check", main)
