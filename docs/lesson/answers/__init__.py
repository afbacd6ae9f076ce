"""An answer to every exercise, a file for each notebook."""
