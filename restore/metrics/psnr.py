"""Peak signal-to-noise ratio, one value a picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from restore.errors import ShapeError


def psnr(restored: Tensor, target: Tensor) -> Tensor:
    """PSNR in dB of each picture, peak 1, the squared error averaged over channels and pixels.

    Computed in float64 whatever comes in; nothing is clipped or rounded here (a `Protocol` does that).
    Equal pictures give inf.

    Shape:
        two times (N, C, H, W) in [0, 1] -> (N,), float64.

    Raises:
        ShapeError: the two differ in shape, or are not (N, C, H, W).

    Example:
        >>> target = torch.zeros(1, 3, 8, 8)
        >>> psnr(target + 0.1, target).round(decimals=4)
        tensor([20.], dtype=torch.float64)
    """
    check_pair(restored, target)
    return peak_signal_noise_ratio(
        restored.to(torch.float64), target.to(torch.float64), data_range=1.0, dim=(1, 2, 3), reduction="none"
    )  # (N,)


def check_pair(restored: Tensor, target: Tensor) -> None:
    """Raise ShapeError unless both are (N, C, H, W) of one shape."""
    if restored.dim() != 4 or restored.shape != target.shape:
        raise ShapeError(
            f"restored and target are compared pixel by pixel and must both be (N, C, H, W) of one shape, "
            f"got {tuple(restored.shape)} and {tuple(target.shape)}. Crop the target to a multiple of the scale first."
        )
