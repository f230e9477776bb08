"""Batch normalization and its activation as one layer, as In-Place ABN has them; by torch's plain operators.

Paper: Rota Bulò et al., "In-Place Activated BatchNorm for Memory-Optimized Training of DNNs", CVPR 2018,
https://arxiv.org/abs/1712.02616
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ActivatedNorm(nn.Module):
    """Batch normalization with a scale that stays positive, then a leaky ReLU.

    Formula:
        y = leaky_relu((x - mean) / sqrt(var + eps) * (|weight| + eps) + bias)

    Args:
        channels: C of the feature map.
        slope: of the leaky ReLU below nought.
        eps: added to the variance, and to the scale.
        momentum: of the running mean and variance.

    Shape:
        input and output: (N, C, H, W).
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, slope: float = 0.01, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.slope = slope
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        weight = self.weight.abs() + self.eps
        normal = F.batch_norm(
            x, self.running_mean, self.running_var, weight, self.bias, self.training, self.momentum, self.eps
        )
        return F.leaky_relu(normal, self.slope)
