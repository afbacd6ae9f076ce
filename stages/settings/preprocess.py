"""The section `preprocess` of params.yaml: normalization, and how many validation images."""

from typing import Annotated, Literal

from pydantic import Field

from stages.runtime.params import Section, Seed, StrictInt


class Preprocess(Section):
    """The section `preprocess` of params.yaml."""

    normalization: Literal["standard", "unit"]
    validation_size: Annotated[StrictInt, Field(ge=0, le=50_000)]
    seed: Seed
