"""Layer attention of HAN: a network's layers attend to each other.

Paper: Niu et al., "Single Image Super-Resolution via a Holistic Attention Network", ECCV 2020, section 3.2,
https://arxiv.org/abs/2008.08767
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.errors import ShapeError
from restore.layers import WholeMap


class LayerAttention(nn.Module):
    """Layer attention module (LAM): adds to each layer's features a mean of all layers, weighted by their products.

    It takes the features of several layers, so it is a part and no slot. The products are taken in float32 at least,
    under autocast too.

    Formula:
        y = features + scale * softmax(features features^T) features

    Args:
        negated: soften the negated products, so that layers which differ count most. The paper's formula does not; the
            authors' code does (each row's largest minus the row), and their weights need it.

    Shape:
        features: (N, L, C, H, W), L layers.
        output: (N, L * C, H, W); a fresh module returns the features, as `scale` starts at nought.

    Raises:
        ShapeError: the features have other axes (on forward).
    """

    sees_whole_map = True

    def __init__(self, negated: bool = False) -> None:
        super().__init__()
        self.negated = negated
        self.scale = nn.Parameter(torch.zeros(1))
        self.extent = WholeMap(blended=True)

    def affinity(self, features: Tensor) -> Tensor:
        """(N, L, C, H, W) -> (N, L, L), how much each layer takes of each."""
        with torch.autocast(features.device.type, enabled=False):  # sums over whole layers, in an exponent
            flat = features.flatten(2).to(torch.promote_types(features.dtype, torch.float32))  # (N, L, CHW)
            products = flat @ flat.transpose(1, 2)  # (N, L, L)
            return (-products if self.negated else products).softmax(-1).to(features.dtype)

    def forward(self, features: Tensor) -> Tensor:
        """(N, L, C, H, W) -> (N, L * C, H, W)."""
        if features.dim() != 5:
            raise ShapeError(
                f"LayerAttention expects (N, L, C, H, W), got {tuple(features.shape)}. Stack the layers by torch.stack."
            )
        return self.extent(features, self._attend)  # (N, L * C, H, W)

    def _attend(self, features: Tensor) -> Tensor:
        """(N, L, C, h, w) -> (N, L * C, h, w), of the whole map or a window."""
        seen = (self.affinity(features) @ features.flatten(2)).view(features.shape)  # (N, L, C, h, w)
        return (self.scale * seen + features).flatten(1, 2)  # (N, L * C, h, w)
