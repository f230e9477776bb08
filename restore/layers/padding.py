"""Padding a picture so that its sides are multiples of a number, and cropping the result back."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F


def pad_to_multiple(x: Tensor, multiple: int, mode: Literal["reflect", "replicate", "constant"] = "reflect") -> Tensor:
    """Pad (N, C, H, W) below and on the right so that `multiple` divides both sides.

    Reflection is taken where the picture is large enough for it; else the border is replicated.
    """
    height, width = x.shape[-2:]
    below, right = -height % multiple, -width % multiple
    if not below and not right:
        return x
    if mode == "reflect" and (below >= height or right >= width):
        mode = "replicate"
    return F.pad(x, (0, right, 0, below), mode=mode)  # (N, C, H + below, W + right)
