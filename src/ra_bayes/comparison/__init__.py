"""Models of the same records compared, and each held against the records it was fitted to."""
