"""Structural similarity, one value a picture, as papers print it.

Paper: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE TIP 2004,
https://doi.org/10.1109/TIP.2003.819861

torchmetrics pads the picture and averages over the padded border, which moves the value by up to 0.008. Here its
map is computed in float64 and only the places where the 11 x 11 window lies inside the picture count, as in the
authors' code.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from restore.errors import ShapeError
from restore.metrics.psnr import check_pair

_WINDOW = 11
_SIGMA = 1.5
_MARGIN = _WINDOW // 2


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
    if min(target.shape[-2:]) < _WINDOW:
        raise ShapeError(
            f"SSIM needs pictures of at least {_WINDOW} x {_WINDOW} pixels after the border is cut, "
            f"got {target.shape[-2]} x {target.shape[-1]}. Leave the picture out or ask for PSNR alone."
        )
    _, full = structural_similarity_index_measure(
        restored.to(torch.float64),
        target.to(torch.float64),
        gaussian_kernel=True,
        sigma=_SIGMA,
        kernel_size=_WINDOW,
        reduction="none",
        data_range=1.0,
        k1=0.01,
        k2=0.03,
        return_full_image=True,
    )
    inside = full[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]  # (N, C, H - 10, W - 10)
    return inside.mean(dim=(1, 2, 3))  # (N,)
