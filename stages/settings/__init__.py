"""A section of params.yaml each."""
