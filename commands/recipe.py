"""Recipe: write a named set of parameters into params.yaml. Run as `python -m commands.recipe NAME [--force]`.

recipes/NAME.yaml holds some of the parameters. What it does not name is as in recipes/quick.yaml, which names all
that the others change, so that a recipe is the same after any other; the rest is as in the params.yaml of the last
commit. `dvc repro` or `dvc exp run` does the work. Without a NAME the recipes are listed.
"""

import argparse
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from commands.check import mistakes_in
from commands.shell import git
from stages.runtime.atomic import write
from stages.runtime.errors import UserError, quoted, run_or_exit
from stages.runtime.params import leaves, parse, read_all
from stages.runtime.paths import PARAMS

RECIPES = Path("recipes")
BACK = f"`git checkout -- {PARAMS}` brings the committed parameters back"


def main() -> None:
    """List the recipes, or write one of them into params.yaml: whole, or, if anything is wrong, not at all."""
    parser = argparse.ArgumentParser(prog="python -m commands.recipe", description="Write a set of parameters.")
    parser.add_argument("name", nargs="?", help="one of the recipes; without it they are listed")
    parser.add_argument("--force", action="store_true", help=f"overwrite uncommitted edits of {PARAMS}")
    arguments = parser.parse_args()
    if arguments.name is None:
        print("\n".join(f"{name:<10} {purpose(name)}" for name in names()))  # noqa: T201
    else:
        apply(arguments.name, force=arguments.force)


def names() -> list[str]:
    """The recipes there are."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def purpose(name: str) -> str:
    """The purpose of a recipe: the first line of its file."""
    with (RECIPES / f"{name}.yaml").open(encoding="utf-8", errors="replace") as file:
        return file.readline().lstrip("#").strip()


def apply(name: str, *, force: bool) -> None:
    """Write the committed parameters with those of the recipe into params.yaml, and print what changed.

    Raises UserError if there is no such recipe or it has mistakes, if Git has no params.yaml, and, without
    `force`, if params.yaml has been edited otherwise than by a recipe.
    """
    if name not in names():
        raise UserError(f"there is no recipe {name}; there are {', '.join(names())}")
    committed = committed_text()
    wanted = with_recipe(committed, name)
    found = PARAMS.read_text("utf-8", "replace") if PARAMS.exists() else ""
    if not force and edited(found, committed):
        raise UserError(
            f"{PARAMS} has edits that are not committed: commit them, or overwrite them with --force ({BACK})"
        )
    before = parameters()
    write(PARAMS, wanted.encode())
    after = parameters()
    changed = [key for key in after | before if before.get(key, "") != after.get(key, "")]
    for key in changed:
        old, new = (quoted(values.get(key, "(not there)")) for values in (before, after))
        print(f"{quoted(key)}: {old} -> {new}")  # noqa: T201
    if changed:
        print(f"{PARAMS} has the values of the recipe {name}; `dvc repro` trains with it. {BACK}.")  # noqa: T201
    else:
        print(f"{PARAMS} had the values of the recipe {name} already")  # noqa: T201


def parameters() -> dict[str, str]:
    """Name and value of every parameter in params.yaml, for people to read; none where the file cannot be read."""
    try:
        return {name: shown(value) for name, value in leaves(read_all())}
    except UserError:
        return {}


def shown(value: object) -> str:
    """A value as params.yaml has it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def committed_text() -> str:
    """params.yaml as of the last commit; raises UserError where Git has none."""
    try:
        return git("show", f"HEAD:./{PARAMS}")
    except UserError as error:
        raise UserError(
            f"{error}; a recipe goes on top of the committed {PARAMS}: "
            f"commit it, or copy the values out of the file in {RECIPES}/ by hand"
        ) from None


def edited(text: str, committed: str) -> bool:
    """Does the text hold anything that is neither committed nor made by a recipe?"""
    if text in {"", committed}:
        return False
    for name in names():
        try:
            if text == with_recipe(committed, name):
                return False
        except UserError:  # another recipe than the one that is asked for
            continue
    return True


def with_recipe(committed: str, name: str) -> str:
    """The committed text with the values of the recipe, comments where they were.

    Raises UserError, a line a mistake, where the recipe names an unknown key, or values out of range.
    """
    path = RECIPES / f"{name}.yaml"
    yaml = YAML()  # with ruamel's defaults, as DVC writes: comments stay
    try:
        parse(committed.encode())  # refuses what would take long
        content = yaml.load(committed)
    except (UserError, YAMLError):
        content = None
    if not isinstance(content, dict):
        raise UserError(f"{PARAMS} of the last commit is not valid YAML with sections")
    for recipe in dict.fromkeys((RECIPES / "quick.yaml", path)):
        merge(content, read_all(recipe))
    if mistakes := mistakes_in(content, path):
        raise UserError("\n".join(mistakes))
    text = io.StringIO()
    yaml.dump(content, text)
    with suppress(YAMLError):
        if YAML(typ="safe").load(text.getvalue()) == content:
            return text.getvalue()
    raise UserError(
        f"{PARAMS} of the last commit has a comment beside a list, so the values of {path} do not fit; move it"
    )


def merge(content: dict[str, Any], recipe: Mapping[str, Any]) -> None:
    """Set the values of the recipe in the content, section by section; an equal value keeps its notation."""
    for key, value in recipe.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            merge(content[key], value)
        elif key not in content or content[key] != value:
            content[key] = value


if __name__ == "__main__":
    run_or_exit("recipe", main)
