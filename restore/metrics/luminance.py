"""Luma of an RGB picture as super-resolution tables compare it.

Standard: ITU-R BT.601 in studio range, the Y that MATLAB's `rgb2ycbcr` gives, not rounded.
"""

from __future__ import annotations

from torch import Tensor

from restore.errors import ShapeError

_WEIGHTS = (65.481, 128.553, 24.966)  # grey levels of Y that full red, green and blue add
_OFFSET = 16.0  # grey level of black

STUDIO_RANGE = (16 / 255, 235 / 255)
"""Y of black and of white, on the scale where 1 is grey level 255."""


def luminance(rgb: Tensor) -> Tensor:
    """Y of an RGB picture in [0, 1], on the scale where 1 is grey level 255: black is 16/255, white 235/255.

    Shape:
        (N, 3, H, W) -> (N, 1, H, W), same dtype.

    Raises:
        ShapeError: the picture has not three channels.

    Example:
        >>> import torch
        >>> (luminance(torch.ones(1, 3, 1, 1, dtype=torch.float64)) * 255).round(decimals=6).item()
        235.0
    """
    if rgb.dim() != 4 or rgb.shape[1] != 3:
        raise ShapeError(
            f"luminance expects (N, 3, H, W), got {tuple(rgb.shape)}. "
            "A gray picture is its own luma: compare it as it is."
        )
    red, green, blue = rgb.split(1, dim=1)  # (N, 1, H, W) each
    levels = _WEIGHTS[0] * red + _WEIGHTS[1] * green + _WEIGHTS[2] * blue + _OFFSET
    return levels / 255
