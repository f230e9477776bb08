"""Self-ensemble: the mean over the eight ways to lay a picture down.

Papers: Timofte et al., "Seven Ways to Improve Example-Based Single Image Super Resolution", CVPR 2016, section 3.6,
https://arxiv.org/abs/1511.02228; in the order of Zhang et al., "Image Super-Resolution Using Very Deep Residual
Channel Attention Networks" (RCAN+), ECCV 2018, https://arxiv.org/abs/1807.02758
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def self_ensemble(network: Callable[[Tensor], Tensor], degraded: Tensor) -> Tensor:
    """Restore the eight flips and transpositions of `degraded`, lay them back and average.

    Nothing is clipped or rounded before the mean. It costs eight runs of the network.

    Shape:
        (N, C, h, w) -> (N, C, scale * h, scale * w).
    """
    flips: list[tuple[int, ...]] = [(), (-1,), (-2,), (-2, -1)]  # as it is, left-right, up-down, both
    upright = [torch.flip(network(torch.flip(degraded, axes)), axes) for axes in flips]
    lying = [
        torch.flip(network(torch.flip(degraded, axes).transpose(-2, -1).contiguous()).transpose(-2, -1), axes)
        for axes in flips
    ]
    return torch.stack(upright + lying).mean(0)
