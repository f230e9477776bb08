"""Efficient channel attention (ECA): a short 1-D convolution over the channels, without a bottleneck.

Paper: Wang et al., "ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks", CVPR 2020,
section 3, https://arxiv.org/abs/1910.03151
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError
from restore.layers import GlobalPool


def efficient_kernel_size(channels: int, gamma: float = 2.0, b: float = 1.0) -> int:
    """How many channels ECA lets interact, by the paper's equation 12: |log2(C) / gamma + b / gamma|, made odd.

    "Nearest odd number" is read as the authors and timm read it: an even whole part goes up. timm takes 3 at least,
    which differs from this for C below 8.

    Example:
        >>> [efficient_kernel_size(channels) for channels in (4, 64, 256)]
        [1, 3, 5]
    """
    whole = int(abs((math.log2(channels) + b) / gamma))
    return whole if whole % 2 else whole + 1


class EfficientChannelAttention(Recalibration):
    """Scales each channel by a gate computed from its own mean and those of its neighbours in channel order.

    Formula:
        y = x * sigmoid(excite(mean(x))), excite: a 1-D convolution over C, zeros beyond the ends

    Args:
        channels: C of the feature map.
        kernel_size: how many neighbouring channels interact, odd; None for the size of `efficient_kernel_size`. The
            authors' code has 3 by default, whatever C is.
        shared: whether all channels share one kernel (the paper's ECA), or each has its own (its ECA-NS).

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1), between 0 and 1.

    Raises:
        ConfigError: `kernel_size` is even or below 1.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(self, channels: int, kernel_size: int | None = None, shared: bool = True) -> None:
        super().__init__(channels)
        size = efficient_kernel_size(channels) if kernel_size is None else kernel_size
        if size < 1 or size % 2 == 0:
            raise ConfigError(
                f"EfficientChannelAttention({channels}) got kernel_size={kernel_size}. "
                f"Choose an odd number from 1, or None for {efficient_kernel_size(channels)}, the paper's size."
            )
        self.kernel_size = size
        self.shared = shared
        kernels = 1 if shared else channels
        self.pool = GlobalPool()
        self.excite = nn.Conv1d(kernels, kernels, size, groups=kernels, bias=False)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        pooled = self.pool(x).permute(0, 2, 3, 1)  # (N, 1, 1, C); (N, H, W, C) where the pool is local
        mean = pooled.flatten(0, 2)  # (N, C)
        padded = F.pad(mean, (self.kernel_size // 2, self.kernel_size // 2))  # (N, C + k - 1)
        neighbors = padded.unsqueeze(1) if self.shared else padded.unfold(1, self.kernel_size, 1)
        logits = self.excite(neighbors)  # (N, 1, C) or (N, C, 1)
        return logits.reshape(pooled.shape).permute(0, 3, 1, 2).sigmoid()  # (N, C, 1, 1)
