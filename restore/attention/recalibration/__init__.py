"""A gate multiplies what is there."""
