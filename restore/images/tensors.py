"""Pixels (H, W, C) to tensors (C, H, W) in [0, 1] and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from restore.errors import ShapeError
from restore.images.picture import Pixels


def to_tensor(pixels: Pixels) -> Tensor:
    """(H, W, C) -> (C, H, W) float32: uint8 / 255, uint16 / 65535, floats as they are.

    Raises:
        ShapeError: the pixels have no three axes, or another type.
    """
    if (
        pixels.ndim != 3
        or pixels.dtype.kind not in "uf"
        or pixels.dtype.itemsize > (2 if pixels.dtype.kind == "u" else 8)
    ):
        raise ShapeError(
            f"to_tensor expects (H, W, C) in uint8, uint16 or floats, got {pixels.shape} in {pixels.dtype}. "
            "Convert the pixels first."
        )
    values = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32))  # (C, H, W)
    return values.div_(peak(pixels.dtype)) if pixels.dtype.kind == "u" else values.clone()


def to_pixels(tensor: Tensor, dtype: DTypeLike = np.uint8) -> Pixels:
    """(C, H, W) in [0, 1] -> (H, W, C).

    For uint8 and uint16 the values are clipped to [0, 1] and rounded half to even; floats stay as they are.

    Raises:
        ShapeError: the tensor has no three axes.
    """
    if tensor.dim() != 3:
        raise ShapeError(f"to_pixels expects (C, H, W), got {tuple(tensor.shape)}. Give one picture.")
    dtype = np.dtype(dtype)
    values = tensor.detach().to("cpu", torch.float32).permute(1, 2, 0)  # (H, W, C)
    if dtype.kind == "u":
        values = values.clamp(0, 1).mul_(peak(dtype)).round_()
    return np.ascontiguousarray(values.numpy().astype(dtype))


def peak(dtype: DTypeLike) -> float:
    """The value of white: 255, 65535, or 1 for floats."""
    dtype = np.dtype(dtype)
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0
