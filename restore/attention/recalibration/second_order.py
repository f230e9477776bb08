"""Second-order channel attention (SOCA), of SAN.

Paper: Dai et al., "Second-order Attention Network for Single Image Super-Resolution", CVPR 2019, section 3.3,
https://openaccess.thecvf.com/content_CVPR_2019/papers/Dai_Second-Order_Attention_Network_for_Single_Image_Super-Resolution_CVPR_2019_paper.pdf
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from restore.attention.recalibration.channel import ChannelAttention
from restore.attention.recalibration.covariance_pooling import CovariancePooling
from restore.attention.recalibration.matrix_square_root import matrix_square_root
from restore.errors import ConfigError
from restore.layers import WholeMap

_PUBLISHED = 1000


class SecondOrderChannelAttention(ChannelAttention):
    """Scales each channel by a gate computed from how the channel varies together with the others.

    Flat features have covariance 0 and pass no gradient through it, where the authors' code gives NaN.

    Formula:
        y = x * sigmoid(excite(relu(squeeze(mean of the rows of sqrt(covariance(x))))))

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C, from 1 to C.
        iterations: Newton-Schulz steps of the matrix square root.
        crop: which places the covariance is taken over. "none": all, as in the paper. "published": as in the authors'
            code, a side above 1000 counts by its middle 1000 alone, and beside a side of exactly 1000 a side from 334
            to 999 counts by its last (1000 - side) / 2 places, rounded up. The gate scales every place either way.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1), between 0 and 1.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`, `iterations` is below 1, or `crop` is no choice.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        iterations: int = 5,
        crop: Literal["none", "published"] = "none",
    ) -> None:
        super().__init__(channels, reduction)
        name = f"SecondOrderChannelAttention({channels})"
        if iterations < 1:
            raise ConfigError(f"{name} got iterations={iterations}. Choose 1 or more; the paper has 5.")
        if crop not in ("none", "published"):
            raise ConfigError(f'{name} got crop={crop!r}. Choose "none" or "published".')
        self.iterations = iterations
        self.crop = crop
        self.pool = CovariancePooling()
        self.extent = WholeMap(blended=True)

    def descriptor(self, x: Tensor) -> Tensor:
        """Mean of each row of the covariance's root: (N, C, H, W) -> (N, C, 1, 1)."""
        return self.extent(x, self._row_means)

    def _row_means(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, 1, 1), of the whole map or a window."""
        seen = _published_crop(x) if self.crop == "published" else x
        precise = seen.to(torch.promote_types(x.dtype, torch.float32))
        root = matrix_square_root(self.pool(precise), self.iterations)  # (N, C, C)
        return root.mean(dim=1)[:, :, None, None].to(x.dtype)  # (N, C, 1, 1)


def _published_crop(x: Tensor) -> Tensor:
    """What the authors' code looks at; a negative start counts from the end, as a slice of Python does."""
    height, width = x.shape[-2:]
    top, left = (height - _PUBLISHED) // 2, (width - _PUBLISHED) // 2
    rows, columns = slice(top, top + _PUBLISHED), slice(left, left + _PUBLISHED)
    if height < _PUBLISHED and width < _PUBLISHED:
        return x
    if height < _PUBLISHED < width:
        return x[..., columns]
    if width < _PUBLISHED < height:
        return x[..., rows, :]
    return x[..., rows, columns]
