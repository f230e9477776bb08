"""Subtracting and adding back the mean colour of the training pictures, as EDSR and RCAN do around the network.

Paper: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017,
https://arxiv.org/abs/1707.02921; the values are those of the authors' code.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
"""Mean RGB of DIV2K's training pictures, in [0, 1]."""

DIV_FLICKR2K_MEAN = (0.4690, 0.4490, 0.4036)
"""Mean RGB of DIV2K and Flickr2K together, in [0, 1]."""


def mean_shift_constants(mean: Sequence[float], factor: float) -> tuple[Tensor, Tensor]:
    """The weight (C, C, 1, 1), an identity, and the bias (C,) that shift a picture by `factor * mean`.

    The product is taken in float32, as in the published weights, and then cast to torch's default type.
    """
    dtype = torch.get_default_dtype()
    weight = torch.eye(len(mean), dtype=dtype)[:, :, None, None]  # (C, C, 1, 1)
    return weight, (factor * torch.tensor(mean, dtype=torch.float32)).to(dtype)


def mean_shift(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Mix the colours of (N, C, H, W) by `weight` (C, C, 1, 1) and add `bias` (C,).

    A 1x1 convolution in effect, written as products so that autocast leaves it in the type of `weight`:
    bfloat16 holds a value near 255 to the nearest whole one only.
    """
    mixed = x[:, :1] * weight[:, 0]
    for channel in range(1, x.shape[1]):
        mixed = mixed + x[:, channel : channel + 1] * weight[:, channel]
    return mixed + bias[:, None, None]
