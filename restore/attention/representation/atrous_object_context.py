"""ASP-OC of OCNet: object context in an atrous spatial pyramid, where ASPP has the mean of the map.

Paper: Yuan and Wang, "OCNet: Object Context Network for Scene Parsing", 2018, section 3.3,
https://arxiv.org/abs/1809.00916
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restore.attention.representation.object_context import BaseObjectContext, at_least_one
from restore.errors import ConfigError
from restore.layers.activated_norm import ActivatedNorm


class AtrousObjectContext(nn.Module):
    """A context branch, a 1x1 convolution and dilated 3x3 convolutions side by side.

    The batch normalisations cannot train on one picture of 1x1 pixel.

    Formula:
        y = dropout(leaky_relu(norm(project([context(conv3(x)), conv1(x), dilated(x), ...]))))

    Args:
        channels: C of the feature map.
        width: channels of each branch, at least 2; the result has twice as many.
        dilations: of the 3x3 convolutions, one a branch.
        dropout: share of channels that training drops.

    Shape:
        input (N, C, H, W), output (N, 2 * width, H, W).

    Raises:
        ConfigError: a number below its least, no `dilations`, or `dropout` outside 0 to 1.
    """

    def __init__(
        self, channels: int, width: int, dilations: Sequence[int] = (12, 24, 36), dropout: float = 0.1
    ) -> None:
        super().__init__()
        if width < 2 or not dilations or not 0 <= dropout <= 1:
            raise ConfigError(
                f"AtrousObjectContext got width={width}, dilations={dilations!r}, dropout={dropout}. "
                "Give a width of two, a dilation, and a share from 0 to 1."
            )
        at_least_one("AtrousObjectContext", channels=channels, dilations=min(dilations))
        self.context = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            ActivatedNorm(width),
            BaseObjectContext(width, width, width // 2, width, scales=(2,), dropout=0, beside_input=False),
        )
        self.branches = nn.ModuleList([_branch(channels, width, 1, 1)])
        self.branches.extend(_branch(channels, width, 3, dilation) for dilation in dilations)
        self.project = nn.Conv2d((2 + len(dilations)) * width, 2 * width, 1, bias=False)
        self.norm = ActivatedNorm(2 * width)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 2 * width, H, W)."""
        joined = torch.cat([self.context(x), *(branch(x) for branch in self.branches)], dim=1)
        return self.dropout(self.norm(self.project(joined)))


def _branch(channels: int, width: int, kernel_size: int, dilation: int) -> nn.Sequential:
    padding = dilation * (kernel_size // 2)
    conv = nn.Conv2d(channels, width, kernel_size, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(conv, ActivatedNorm(width))
