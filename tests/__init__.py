"""Facts about the project, each a sentence."""
