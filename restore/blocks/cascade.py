"""Cascading connections: the input and every stage's result are fused again and again.

Paper: Ahn et al., "Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network", ECCV 2018,
sections 3.2 and 3.3, figures 2 to 4, https://arxiv.org/abs/1803.08664
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention
from restore.errors import ConfigError


class Cascade(nn.Module):
    """Stages with a 1x1 fusion after each: the form of CARN's blocks and of CARN itself.

    Formula, with o_0 = c_0 = x and [..] the concatenation along the channels:
        c_i = [c_(i-1), stage_i(o_(i-1))], o_i = relu(fuse_i(c_i)), y = o_count

    Args:
        channels: C of the feature map.
        stages: modules with a `context`; of one alone, the same weights are used `count` times (recursive, CARN-M).
        count: how many times a stage is used; as many as there are stages, unless there is only one.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: the stages are neither one nor `count`.
    """

    def __init__(self, channels: int, stages: Sequence[nn.Module], count: int = 3) -> None:
        super().__init__()
        if count < 1 or len(stages) not in (1, count):
            raise ConfigError(f"Cascade got {len(stages)} stages and count={count}. Give one stage, or one a use.")
        self.stages = nn.ModuleList(stages)
        self.fusions = nn.ModuleList(nn.Conv2d((i + 2) * channels, channels, 1) for i in range(count))
        self.context = sum(self._stage(i).context for i in range(count))  # type: ignore[misc]

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        gathered = fused = x
        for i, fuse in enumerate(self.fusions):
            gathered = torch.cat([gathered, self._stage(i)(fused)], 1)  # (N, (i + 2) C, H, W)
            fused = F.relu(fuse(gathered))  # (N, C, H, W)
        return fused

    def _stage(self, index: int) -> nn.Module:
        return self.stages[index % len(self.stages)]


class RectifiedBlock(nn.Module):
    """CARN's residual block: two 3x3 convolutions, plus the input, and a ReLU after the sum.

    Args:
        channels: C of the feature map.
        attention: builds the attention at the branch's end from C.
        groups: of the 3x3 convolutions.
        pointwise: whether a ReLU and a 1x1 convolution follow, which mixes the groups (CARN-M's efficient block).

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `groups` does not divide `channels`.
    """

    def __init__(
        self, channels: int, attention: Callable[[int], Attention], groups: int = 1, pointwise: bool = False
    ) -> None:
        super().__init__()
        if groups < 1 or channels % groups:
            raise ConfigError(f"RectifiedBlock got groups={groups} for {channels} channels. Choose a divisor.")
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, groups=groups)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=groups)
        self.mix = nn.Sequential(nn.ReLU(), nn.Conv2d(channels, channels, 1)) if pointwise else nn.Identity()
        self.attention = attention(channels)
        self.context = 2 + self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return F.relu(x + self.attention(self.mix(self.conv2(F.relu(self.conv1(x))))))
