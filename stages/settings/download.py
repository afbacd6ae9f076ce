"""The section `download` of params.yaml: which data set, and from where."""

import re
from typing import Annotated, get_args

from pydantic import Field, field_validator, model_validator

from stages.formats.datasets import DatasetName
from stages.runtime.errors import quoted
from stages.runtime.params import Section

FOLDER = re.compile(r"https?://[^/]+(/.*)?|file:(//(localhost)?)?/.*", re.IGNORECASE)
PACKAGE = re.compile(r"package:[\w.-]+==[\w.+!-]+", re.IGNORECASE)


class Download(Section):
    """What to download, and from where."""

    dataset: DatasetName
    sources: dict[str, Annotated[list[str], Field(min_length=1)]]

    @field_validator("sources")
    @classmethod
    def one_list_per_dataset(cls, sources: dict[str, list[str]]) -> dict[str, list[str]]:
        """Each data set has a list of sources, and there is no other list."""
        if sources.keys() != set(get_args(DatasetName)):
            raise ValueError(f"should have a list for each of {' and '.join(get_args(DatasetName))}, and no other")
        return sources

    @model_validator(mode="after")
    def valid_sources(self) -> "Download":
        """Each source is a URL or a package. A validator of the field would have the message show all sources."""
        for name, sources in self.sources.items():
            for source in sources:
                if not FOLDER.fullmatch(source) and not PACKAGE.fullmatch(source):
                    raise ValueError(
                        f"sources.{name} holds {quoted(source)!r}: should be the URL of a folder "
                        "(https://, http:// or file:///) or package:NAME==VERSION"
                    )
        return self


class DatasetSettings(Section, extra="ignore"):
    """What other stages read of this section."""

    dataset: DatasetName
