"""Facts about stages."""
