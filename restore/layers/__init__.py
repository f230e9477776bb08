"""Layers without attention that networks and attention modules share."""

from restore.layers.padding import pad_to_multiple

__all__ = ["pad_to_multiple"]
