"""The section `download` of params.yaml: which data set, and from where."""

import re
from typing import Annotated, get_args

from pydantic import Field, field_validator, model_validator

from stages.formats.datasets import DatasetName
from stages.runtime.errors import redact_credentials
from stages.runtime.params import Section

SOURCE = re.compile(r"https?://[^/]+(/.*)?|file:(//(localhost)?)?/.*|package:[\w.-]+==[\w.+!-]+", re.IGNORECASE)


class Download(Section):
    """What to download, and from where."""

    dataset: DatasetName
    sources: dict[str, Annotated[list[str], Field(min_length=1)]]

    @field_validator("sources")
    @classmethod
    def name_the_data_sets(cls, sources: dict[str, list[str]]) -> dict[str, list[str]]:
        """Every data set has its list, and nothing else has."""
        if sources.keys() != set(get_args(DatasetName)):
            raise ValueError(f"should have a list for each of {' and '.join(get_args(DatasetName))}, and no other")
        return sources

    @model_validator(mode="after")
    def refuse_what_is_no_source(self) -> "Download":
        """Not where the value stands, because there the message would show it, and a password inside."""
        for name, sources in self.sources.items():
            for source in sources:
                if not SOURCE.fullmatch(source):
                    raise ValueError(
                        f"sources.{name} holds {redact_credentials(source)!r}: should be the URL of a folder "
                        "(https://, http:// or file:///) or package:NAME==VERSION"
                    )
        return self


class DatasetSettings(Section, extra="ignore"):
    """What other stages read of this section."""

    dataset: DatasetName
