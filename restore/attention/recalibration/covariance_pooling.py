"""Covariance pooling: how the channels vary together, a second-order statistic of a feature map.

Paper: Li et al., "Is Second-order Information Helpful for Large-scale Visual Recognition?", ICCV 2017, section 3,
https://arxiv.org/abs/1703.08050
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.errors import ShapeError


class CovariancePooling(nn.Module):
    """The covariance matrix of the channels over all places, with divisor HW.

    The authors centre by a matrix of HW x HW; here the mean is subtracted, which is the same product.

    Formula:
        y = (X - mean(X)) (X - mean(X))^T / HW, X: the map as C rows of HW places

    Shape:
        input: (N, C, H, W); output: (N, C, C), symmetric, computed in float32 at least and given in the input's dtype.

    Raises:
        ShapeError: the input has not four axes (on forward).

    Example:
        >>> CovariancePooling()(torch.rand(2, 8, 5, 4)).shape
        torch.Size([2, 8, 8])
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, C)."""
        if x.dim() != 4:
            raise ShapeError(f"CovariancePooling expects (N, C, H, W), got {tuple(x.shape)}. Give one feature map.")
        with torch.autocast(x.device.type, enabled=False):
            places = x.to(torch.promote_types(x.dtype, torch.float32)).flatten(2)  # (N, C, HW)
            centered = places - places.mean(dim=2, keepdim=True)
            covariance = centered @ centered.transpose(1, 2) / places.shape[2]  # (N, C, C)
        return covariance.to(x.dtype)
