"""What may be wrong with a picture or a model; each text is one line that says it to a person."""


class BadPicture(Exception):
    """A file that is no picture, or none that can be read."""


class NoDigit(Exception):
    """A picture in which there is nothing to read."""


class ModelError(Exception):
    """A model file that is missing or cannot be used."""
