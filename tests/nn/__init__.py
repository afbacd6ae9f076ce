"""Facts about nn."""
