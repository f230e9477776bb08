"""Non-local blocks and RNAN's masks."""

from __future__ import annotations

from .base import Adapter

FAMILIES: dict[str, Adapter] = {}

GRADIENTS: dict[str, Adapter] = {}
