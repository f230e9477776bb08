"""Image denoising and super-resolution with attention modules that one line of YAML swaps."""

from __future__ import annotations

__version__ = "0.1.0"
