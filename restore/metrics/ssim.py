"""Structural similarity, one value a picture, as papers print it.

Paper: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE TIP 2004,
https://doi.org/10.1109/TIP.2003.819861

In float64, and only the places where the 11 x 11 window lies inside the picture count, as in the authors' code.
torchmetrics pads the picture and averages over the padded border, which moves the value by up to 0.008; the inside of
its map is what is computed here (equal to 1e-12 by test), rows and columns of the window one after the other: its own
121 products a pixel take five times as long.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.errors import ShapeError
from restore.metrics.psnr import check_pair

WINDOW = 11
"""Side of the window in pixels."""
AT_ONCE = 2**20
"""Values of a strip: what is in work stays small for the largest picture."""
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2  # K1 and K2 of the paper, for a peak of 1


def ssim(restored: Tensor, target: Tensor) -> Tensor:
    """SSIM of each picture: 11 x 11 Gaussian of sigma 1.5, K1 0.01, K2 0.03, peak 1, mean of the channels.

    Shape:
        two times (N, C, H, W) in [0, 1] -> (N,), float64.

    Raises:
        ShapeError: the two differ in shape, or a side is below 11 pixels.

    Example:
        >>> picture = torch.rand(1, 1, 16, 16)
        >>> ssim(picture, picture).round(decimals=6)
        tensor([1.], dtype=torch.float64)
    """
    check_pair(restored, target)
    if min(target.shape[-2:]) < WINDOW:
        raise ShapeError(
            f"SSIM needs pictures of at least {WINDOW} x {WINDOW} pixels after the border is cut, "
            f"got {target.shape[-2]} x {target.shape[-1]}. Leave the picture out or ask for PSNR alone."
        )
    planes = torch.stack([restored.to(torch.float64), target.to(torch.float64)])  # (2, N, C, H, W)
    height, width = target.shape[-2] - WINDOW + 1, target.shape[-1] - WINDOW + 1
    rows = max(1, AT_ONCE // (target.shape[0] * target.shape[1] * target.shape[-1]))
    strips = [
        similarity(strip[0], strip[1], window_mean).sum(dim=(1, 2, 3))  # (N,)
        for strip in (planes[..., top : top + rows + WINDOW - 1, :] for top in range(0, height, rows))
    ]
    return torch.stack(strips).sum(dim=0) / (target.shape[1] * height * width)  # (N,)


def similarity(x: Tensor, y: Tensor, mean: Callable[[Tensor], Tensor]) -> Tensor:
    """(N, C, H, W) twice -> (N, C, H - 10, W - 10), the paper's equation 13 with means as `mean` takes them."""
    mean_x, mean_y, xx, yy, xy = mean(torch.stack([x, y, x * x, y * y, x * y]))
    variance_x, variance_y, covariance = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    alike = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    return alike / ((mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2))


def window_mean(planes: Tensor) -> Tensor:
    """(5, N, C, H, W) -> (5, N, C, H - 10, W - 10), weighted by the Gaussian window."""
    window = window_weights().to(planes.device)
    stacked = planes.flatten(0, 2).unsqueeze(1)  # (5 N C, 1, H, W)
    means = F.conv2d(
        F.conv2d(stacked, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1)
    )  # (5 N C, 1, H - 10, W - 10)
    return means.unflatten(0, planes.shape[:3]).squeeze(3)  # (5, N, C, H - 10, W - 10)


@functools.lru_cache(maxsize=1)
@torch.inference_mode(False)  # what is made here is kept, and may be needed with gradients later
def window_weights() -> Tensor:
    """(11,), float64: the Gaussian along one axis; they sum to one."""
    distance = torch.arange(WINDOW, dtype=torch.float64, device="cpu") - WINDOW // 2
    weight = torch.exp(-((distance / _SIGMA) ** 2) / 2)
    return weight / weight.sum()  # (11,)
