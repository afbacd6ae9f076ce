"""The section `evaluate` of params.yaml: images at a time, and test-time augmentation."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stages.runtime.params import Section, StrictInt, refuse_boolean

Views = Literal[1, 5, 9]


class Evaluate(Section):
    """The section `evaluate` of params.yaml."""

    batch_size: Annotated[StrictInt, Field(ge=1, le=10_000)]
    views: Annotated[Views, BeforeValidator(refuse_boolean)]
