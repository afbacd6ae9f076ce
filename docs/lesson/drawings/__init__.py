"""Pictures that take more lines than a cell of a notebook should have."""
