"""The section `train.augment` of params.yaml, which train obeys and draw shows."""

from typing import Annotated

from pydantic import Field

from nn.augment import Strengths
from stages.params import Number, Section


class Augment(Section):
    """How much each image is deformed; nn.augment.Strengths says what each part means."""

    rotation: Annotated[Number, Field(ge=0, le=90)]
    shear: Annotated[Number, Field(ge=0, le=60)]
    scale: Annotated[Number, Field(ge=0, lt=1)]
    shift: Annotated[Number, Field(ge=0, le=28)]
    elastic: Annotated[Number, Field(ge=0, le=10)]
    smoothness: Annotated[Number, Field(ge=1, le=28)]
    thickness: Annotated[Number, Field(ge=0, le=1)]
    untouched: Annotated[Number, Field(ge=0, lt=1)]
    halved: Annotated[Number, Field(ge=0, le=1)]

    def strengths(self) -> Strengths:
        """The same for nn."""
        return Strengths(**self.model_dump())
