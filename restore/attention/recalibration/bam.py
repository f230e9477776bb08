"""BAM: a channel branch and a dilated spatial branch make one gate.

Paper: Park et al., "BAM: Bottleneck Attention Module", BMVC 2018, section 3, https://arxiv.org/abs/1807.06514
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from restore.attention.base import Recalibration
from restore.errors import ConfigError


class BAM(Recalibration):
    """Strengthens places and channels by up to twice, by a gate of all places and channels.

    Everything is the paper's unless the last three options say otherwise; the layers are rectified in between as in the
    authors' code. The channel branch normalises one number a channel and picture, so that training needs batches of two
    pictures or more.

    Formula:
        y = x * (1 + sigmoid(channel(mean(x)) + spatial(x)))

    Args:
        channels: C of the feature map.
        reduction: how many times both branches are narrower than C, from 1 to C.
        layers: how many narrow layers the channel branch has.
        dilated: how many dilated convolutions the spatial branch has.
        dilation: their dilation, in pixels.
        join: "sum" of the two branches as in the paper, or "product" as in the authors' code.
        mean_over: the "whole" map as in the paper, or the "square" of its first H columns, all that the authors' code
            sees of a map that is wider than high (it refuses one that is higher than wide, which is taken whole here).
        normalize: batch normalisation at the "end" of each branch as in the paper, or "inside", after each layer but
            the last, as in the authors' code.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, H, W), between 0 and 1.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`; another number is below 1; `join`, `mean_over` or
            `normalize` is another word.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        layers: int = 1,
        dilated: int = 2,
        dilation: int = 4,
        join: Literal["sum", "product"] = "sum",
        mean_over: Literal["whole", "square"] = "whole",
        normalize: Literal["end", "inside"] = "end",
    ) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(f"BAM({channels}) got reduction={reduction}. Choose it between 1 and {channels}.")
        if min(layers, dilated, dilation) < 1:
            got = f"layers={layers}, dilated={dilated}, dilation={dilation}"
            raise ConfigError(f"BAM got {got}. Choose each from 1 up; the paper has 1, 2 and 4.")
        words = {"join": ("sum", "product"), "mean_over": ("whole", "square"), "normalize": ("end", "inside")}
        given = {"join": join, "mean_over": mean_over, "normalize": normalize}
        for option, known in words.items():
            if given[option] not in known:
                raise ConfigError(f"BAM got {option}={given[option]!r}. Choose of {', '.join(known)}.")
        self.join = join
        self.mean_over = mean_over
        inside = normalize == "inside"
        self.channel = _channel_branch(channels, channels // reduction, layers, inside)
        self.spatial = _spatial_branch(channels, channels // reduction, dilated, dilation, inside)
        self.context = dilated * dilation

    def channel_score(self, x: Tensor) -> Tensor:
        """What the channel branch says, (N, C, H, W) -> (N, C, 1, 1)."""
        seen = x if self.mean_over == "whole" else x[..., : x.shape[2]]  # (N, C, H, W), (N, C, H, H)
        return self.channel(seen.mean((2, 3)))[:, :, None, None]  # (N, C, 1, 1)

    def spatial_score(self, x: Tensor) -> Tensor:
        """What the spatial branch says, (N, C, H, W) -> (N, 1, H, W)."""
        return self.spatial(x)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        channel, spatial = self.channel_score(x), self.spatial_score(x)  # (N, C, 1, 1), (N, 1, H, W)
        return (channel + spatial if self.join == "sum" else channel * spatial).sigmoid()  # (N, C, H, W)

    def combine(self, x: Tensor, gate: Tensor) -> Tensor:
        """The map and the gated map."""
        return x * (1 + gate)


def _channel_branch(channels: int, narrow: int, layers: int, inside: bool) -> nn.Sequential:
    """(N, C) -> (N, C)."""
    branch: list[nn.Module] = []
    for layer in range(layers):
        branch += [nn.Linear(narrow if layer else channels, narrow), *_between(nn.BatchNorm1d, narrow, inside)]
    return nn.Sequential(*branch, nn.Linear(narrow, channels), *([] if inside else [nn.BatchNorm1d(channels)]))


def _spatial_branch(channels: int, narrow: int, dilated: int, dilation: int, inside: bool) -> nn.Sequential:
    """(N, C, H, W) -> (N, 1, H, W)."""
    branch: list[nn.Module] = [nn.Conv2d(channels, narrow, 1), *_between(nn.BatchNorm2d, narrow, inside)]
    for _ in range(dilated):
        conv = nn.Conv2d(narrow, narrow, 3, padding=dilation, dilation=dilation)
        branch += [conv, *_between(nn.BatchNorm2d, narrow, inside)]
    return nn.Sequential(*branch, nn.Conv2d(narrow, 1, 1), *([] if inside else [nn.BatchNorm2d(1)]))


def _between(norm: Callable[[int], nn.Module], width: int, inside: bool) -> list[nn.Module]:
    return [norm(width), nn.ReLU()] if inside else [nn.ReLU()]
