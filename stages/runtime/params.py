"""params.yaml: one section for each stage, validated by a Pydantic model of stages/settings."""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError

from stages.runtime import yaml_reader
from stages.runtime.errors import UserError, quoted
from stages.runtime.paths import PARAMS


class StrictModel(BaseModel):
    """What a file may hold: these keys and no others, unchangeable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(StrictModel):
    """One section of params.yaml: every key is required."""


def refuse_boolean(value: object) -> object:
    """Python counts True as 1; a person who writes `true` for a number means something else."""
    if isinstance(value, bool):
        raise ValueError("should be a number, not true or false")  # noqa: TRY004 (Pydantic wants ValueError)
    return value


StrictInt = Annotated[int, Strict()]
FiniteFloat = Annotated[float, BeforeValidator(refuse_boolean), Field(allow_inf_nan=False)]
"""A finite number. `1e-05`, which some YAML readers return as text, is accepted."""
Seed = Annotated[int, Strict(), Field(ge=0, lt=2**32)]

SectionType = TypeVar("SectionType", bound=Section)


def read_section(name: str, model: type[SectionType], path: Path = PARAMS) -> SectionType:
    """One validated section of params.yaml.

    Raises UserError, a line a mistake, that names the key, its value and what would be right.
    """
    return validate(name, read_all(path), model, path)


def read_all(path: Path = PARAMS) -> Mapping[str, object]:
    """The sections of params.yaml, not validated.

    Raises UserError where the file is missing, is not YAML, or has the same key twice.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is missing; `git checkout -- {path}` brings it back") from None
    return parse(content, path)


def parse(text: bytes, path: Path = PARAMS) -> Mapping[str, object]:
    """The sections in the text of a YAML file; raises UserError as `read_all` does."""
    try:
        content = yaml_reader.load(text.decode("utf-8"))
        json.dumps(content, default=str)  # a number too long to be shown, or a date as a key, cannot
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: {error}") from None
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = str(error.problem or error.context).splitlines()[0][:100]
        raise UserError(f"{path}{where} is not valid YAML: {problem}") from None
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        # A control character; a date that is none; a tag such as !!bool before another thing.
        raise UserError(f"{path} is not valid YAML: {[*str(error).splitlines(), repr(error)][0][:100]}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} should hold sections (`train:` and so on)")
    return content


def leaves(content: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Name, as in train.seed, and value of every parameter."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def validate(
    name: str, sections: Mapping[str, object], model: type[SectionType], path: Path = PARAMS
) -> SectionType:
    """The section of this name as its model; raises UserError as `read_section` does."""
    if name not in sections:
        raise UserError(f"{path}: the section {name} is missing")
    section = sections[name]
    if not isinstance(section, dict):
        value, keys = quoted(json.dumps(section, default=str)), ", ".join(model.model_fields)
        raise UserError(f"{path}: {name} is {value}: should be a section with {keys}")
    try:
        return model.model_validate(section)
    except ValidationError as error:
        lines = [f"{path}: {describe(name, wrong, model_at(model, wrong['loc']))}" for wrong in error.errors()]
        raise UserError("; ".join(few(lines))) from None


def model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel]:
    """The model of the section, or the section within it, that this place is in."""
    for name in place[:-1]:
        field = model.model_fields.get(str(name))
        if field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    return model


def describe(section: str, mistake: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One mistake: the key, its value, and what would be valid."""
    key = ".".join([section, *(quoted(part) for part in mistake["loc"])])
    if mistake["type"] == "missing":
        return f"{key} is missing"
    if mistake["type"] == "extra_forbidden":
        return f"{key} is no known key; {did_you_mean(str(mistake['loc'][-1]), list(model.model_fields))}"
    right = mistake["msg"].removeprefix("Value error, ")
    if len(mistake["loc"]) == 0:
        return f"{section}: {right}"
    field = model.model_fields.get(str(mistake["loc"][-1]))
    if field is not None and NoneType in get_args(field.annotation):
        right += ", or null"
    value = json.dumps(mistake["input"], default=str, ensure_ascii=False)  # null and true, as YAML has them
    return f"{key} is {quoted(value)}: {right[0].lower()}{right[1:]}"


def few(mistakes: list[str]) -> list[str]:
    """The first of the mistakes, and how many more there are: a file of something else has thousands."""
    return [*mistakes[:5], f"and {len(mistakes) - 5} more mistakes"] if len(mistakes) > 6 else mistakes


def did_you_mean(name: str, known: list[str]) -> str:
    """The closest of the known names, or all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
