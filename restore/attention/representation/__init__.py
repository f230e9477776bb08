"""An affinity gathers from elsewhere."""
