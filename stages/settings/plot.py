"""The section `plot` of params.yaml: how large the pictures are, and how much they show."""

from typing import Annotated

from pydantic import Field

from stages.runtime.params import Section, StrictInt


class Plot(Section):
    """The section `plot` of params.yaml."""

    width: Annotated[StrictInt, Field(ge=400, le=2000)]
    smoothing: Annotated[StrictInt, Field(ge=1, le=1000)]
    misclassified: Annotated[StrictInt, Field(ge=1, le=100)]
    first_layer: Annotated[StrictInt, Field(ge=1, le=144)]
