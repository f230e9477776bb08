"""Where to look is computed."""
