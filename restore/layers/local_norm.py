"""Instance normalisation by the statistics of a window around each place.

Paper: Chu et al., "Improving Image Restoration by Revisiting Global Information Aggregation", ECCV 2022, section 3.3,
https://arxiv.org/abs/2112.04491
"""

from __future__ import annotations

from torch import Tensor, nn

from restore.layers.local_pool import LocalPool, local_variance


class LocalInstanceNorm(nn.Module):
    """What `torch.nn.InstanceNorm2d` does, by the mean and variance over the windows of `LocalPool`.

    Args:
        norm: its parameters and eps are taken over, under its names.
        kernel_size: height and width of the window.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: a side is below 1.
    """

    def __init__(self, norm: nn.InstanceNorm2d, kernel_size: tuple[int, int]) -> None:
        super().__init__()
        self.pool = LocalPool(kernel_size)
        self.eps = norm.eps
        self.weight = norm.weight
        self.bias = norm.bias

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        unit = (x - self.pool(x)) * (local_variance(x, self.pool.kernel_size) + self.eps).rsqrt()
        if self.weight is None:
            return unit
        return unit * self.weight[:, None, None] + self.bias[:, None, None]
