"""Structural similarity as SIDD's tables print it: one window over rows, columns and channels.

Those tables were made with MATLAB's `ssim` on RGB pictures, which takes (H, W, 3) for a volume: an 11 x 11 x 11 window,
edge values repeated on all three axes, the mean of the whole map. It gives .96 where SSIM of the channels gives .92.
Sources: Restormer's `Denoising/evaluate_sidd.m` (Zamir et al., "Restormer", CVPR 2022,
https://github.com/swz30/Restormer, which calls `ssim` on the 8-bit RGB pictures); the note on MATLAB's window in
https://github.com/SeungjunNah/DeepDeblur_release/issues/51.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.metrics.psnr import check_pair
from restore.metrics.ssim import AT_ONCE, WINDOW, similarity, window_mean, window_weights

_RADIUS = WINDOW // 2


def ssim_3d(restored: Tensor, target: Tensor) -> Tensor:
    """SSIM of each picture with an 11 x 11 x 11 Gaussian of sigma 1.5, K1 0.01, K2 0.03, peak 1, in float64.

    Shape:
        two times (N, C, H, W) in [0, 1] -> (N,), float64.

    Raises:
        ShapeError: the two differ in shape.

    Example:
        >>> picture = torch.rand(1, 3, 16, 16)
        >>> ssim_3d(picture, picture).round(decimals=6)
        tensor([1.], dtype=torch.float64)
    """
    check_pair(restored, target)
    height, width = target.shape[-2:]
    planes = torch.cat([restored, target]).to(torch.float64)  # (2 N, C, H, W)
    planes = F.pad(planes, (_RADIUS,) * 4, mode="replicate").unflatten(0, (2, -1))  # (2, N, C, H + 10, W + 10)
    rows = max(1, AT_ONCE // (target.shape[0] * target.shape[1] * width))
    strips = [
        similarity(strip[0], strip[1], _volume_mean).sum(dim=(1, 2, 3))  # (N,)
        for strip in (planes[..., top : top + rows + WINDOW - 1, :] for top in range(0, height, rows))
    ]
    return torch.stack(strips).sum(dim=0) / (target.shape[1] * height * width)  # (N,)


def _volume_mean(planes: Tensor) -> Tensor:
    """(5, N, C, H, W) -> (5, N, C, H - 10, W - 10), weighted over channels too."""
    mixed = torch.einsum("kc,pnchw->pnkhw", _channel_weights(planes.shape[2]).to(planes.device), planes)
    return window_mean(mixed)


def _channel_weights(channels: int) -> Tensor:
    """(C, C), float64: what each channel adds to the mean around a channel, the outer ones repeated beyond the edge."""
    weights = torch.zeros(channels, channels, dtype=torch.float64)
    for center in range(channels):
        for offset, weight in zip(range(-_RADIUS, _RADIUS + 1), window_weights(), strict=True):
            weights[center, min(max(center + offset, 0), channels - 1)] += weight
    return weights
