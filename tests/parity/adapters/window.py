"""PSA, augmented convolution, generalised, style, window and transposed attention."""

from __future__ import annotations

from .base import Adapter

FAMILIES: dict[str, Adapter] = {}

GRADIENTS: dict[str, Adapter] = {}
