"""A file per group of families: the official configuration -> our module, the rename table, how it is run."""

from __future__ import annotations

from . import channel, dual, non_local, rcan, sampling, spatial, wavelet, window
from .base import Adapted, Adapter, Record

__all__ = ["ADAPTERS", "GRADIENT_ADAPTERS", "Adapted", "Adapter", "Record"]

_GROUPS = (rcan, channel, spatial, non_local, dual, window, sampling, wavelet)

ADAPTERS: dict[str, Adapter] = {family: adapt for group in _GROUPS for family, adapt in group.FAMILIES.items()}
"""Family of index.json -> adapter."""

GRADIENT_ADAPTERS: dict[str, Adapter] = {start: adapt for group in _GROUPS for start, adapt in group.GRADIENTS.items()}
"""How the names of a family begin in gradients.json, which has no families -> adapter."""
