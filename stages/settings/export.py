"""The section `export` of params.yaml: the forms in which people get the model."""

from pydantic import StrictBool

from stages.runtime.params import Section


class Export(Section):
    """The section `export` of params.yaml."""

    onnx: StrictBool
    page: StrictBool
