"""The checks of the exercises: whether what a reader has written is right, and where it is not."""
