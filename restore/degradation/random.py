"""Draws from a generator that may live on another device than the pictures."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(pictures: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number a picture between `low` and `high`, (N, 1, 1, 1), dtype and device of the pictures."""
    drawn = torch.rand((len(pictures), 1, 1, 1), generator=generator, device=generator.device)
    return (low + (high - low) * drawn).to(pictures)


def normal(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers in the pictures' shape, dtype and device."""
    drawn = torch.randn(pictures.shape, generator=generator, device=generator.device, dtype=torch.float32)
    return drawn.to(pictures)
