"""Haar wavelet transform of feature maps, and its inverse.

Papers: Liu et al., "Multi-level Wavelet-CNN for Image Restoration", CVPRW 2018, section 3.1,
https://arxiv.org/abs/1805.07071 (bands "mwcnn", order "band"); Abdelhamed et al., "NTIRE 2020 Challenge on Real Image
Denoising", CVPRW 2020, https://arxiv.org/abs/2005.04117, MWRCANet there (bands "mwrcan", order "channel").
Orders and signs are those of the authors' code.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.errors import ConfigError, ShapeError

Order = Literal["channel", "band"]

_BANDS = {
    "mwcnn": ((1, 1, 1, 1), (-1, 1, -1, 1), (-1, -1, 1, 1), (1, -1, -1, 1)),
    "mwrcan": ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1)),
}
"""Signs of a 2x2 cell's top left, top right, bottom left, bottom right, a row a band."""


def haar_filters(bands: Literal["mwcnn", "mwrcan"] = "mwrcan") -> Tensor:
    """The four filters (4, 1, 2, 2), each entry +-1/2: an orthonormal basis of 2x2 cells.

    Args:
        bands: "mwrcan" is mean, top - bottom, left - right, diagonal; "mwcnn" is mean, right - left, bottom - top,
            diagonal.

    Raises:
        ConfigError: there are no such bands.
    """
    if bands not in _BANDS:
        raise ConfigError(f"There are no wavelet bands {bands!r}. Choose one of {', '.join(_BANDS)}.")
    return torch.tensor(_BANDS[bands], dtype=torch.get_default_dtype()).div(2).reshape(4, 1, 2, 2)


def haar_transform(x: Tensor, filters: Tensor, order: Order = "channel") -> Tensor:
    """(N, C, H, W) -> (N, 4 C, H/2, W/2).

    Args:
        x: with even sides.
        filters: (4, 1, 2, 2) of `haar_filters`.
        order: "channel" is the four bands of channel 0, then those of channel 1 and so on; "band" is the first band
            of all channels, then the second.

    Raises:
        ShapeError: a side is odd.
        ConfigError: there is no such order.

    Example:
        >>> haar_transform(torch.ones(1, 1, 2, 2), haar_filters()).flatten().tolist()
        [2.0, 0.0, 0.0, 0.0]
    """
    _check(order)
    channels, height, width = x.shape[1:]
    if height % 2 or width % 2:
        raise ShapeError(f"A wavelet transform needs even sides, got {tuple(x.shape)}. Pad with pad_to_multiple(x, 2).")
    found = F.conv2d(x, filters.repeat(channels, 1, 1, 1), stride=2, groups=channels)  # (N, C * 4, H/2, W/2)
    if order == "channel":
        return found
    return found.unflatten(1, (channels, 4)).transpose(1, 2).flatten(1, 2)  # (N, 4 * C, H/2, W/2)


def inverse_haar_transform(x: Tensor, filters: Tensor, order: Order = "channel") -> Tensor:
    """(N, 4 C, h, w) -> (N, C, 2 h, 2 w), the inverse of `haar_transform` with the same filters and order.

    Raises:
        ShapeError: the channels are no multiple of 4.
        ConfigError: there is no such order.
    """
    _check(order)
    if x.shape[1] % 4:
        raise ShapeError(f"An inverse wavelet transform needs four bands a channel, got {tuple(x.shape)}.")
    channels = x.shape[1] // 4
    if order == "band":
        x = x.unflatten(1, (4, channels)).transpose(1, 2).flatten(1, 2)  # (N, C * 4, h, w)
    return F.conv_transpose2d(x, filters.repeat(channels, 1, 1, 1), stride=2, groups=channels)  # (N, C, 2 h, 2 w)


def _check(order: str) -> None:
    if order not in ("channel", "band"):
        raise ConfigError(f'A wavelet transform has no order {order!r}. Choose "channel" or "band".')
