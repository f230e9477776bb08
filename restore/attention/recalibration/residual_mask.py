"""The mask branch of the residual attention network, and the module that it gates.

Paper: Wang et al., "Residual Attention Network for Image Classification", CVPR 2017, section 3,
https://arxiv.org/abs/1704.06904
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Attention, Recalibration
from restore.errors import ConfigError
from restore.layers import PreActivationUnit

Domain = Literal["mixed", "channel", "spatial"]


class ResidualMaskAttention(Recalibration):
    """Adds a masked copy; the mask comes from an hourglass: down by pooling, up by interpolation.

    Unlike in the common PyTorch port an up-going map meets the skip unit alone, and the last one meets nothing, as in
    the authors' graph. Sides below 3 pixels are continued by their border before they are pooled.

    The batch normalisations cannot train on one picture that the levels halve to 1x1 pixel (8x8 with three).

    Formula:
        down, per level: maxpool 3 x 3 by 2, units
        up, per level:   units, interpolate, + skip(map of the way down)
        mask = domain(linear2(linear1(up(down(x)))))
        y = x * (1 + mask)

    Args:
        channels: C of the feature map, 4 or more.
        levels: how often the mask branch halves the map; 3, 2, 1 in the three stages of the paper.
        units: units between two poolings, r in the paper.
        domain: "mixed", a sigmoid of each value (f1); "channel", each pixel by its Euclidean length over the channels
            (f2); "spatial", a sigmoid of each channel after normalisation over its places (f3).

    Shape:
        input and output: (N, C, H, W); the gate is the mask (N, C, H, W), between 0 and 1 (-1 and 1 for "channel").

    Raises:
        ConfigError: `channels` is below 4, another number below 1, or `domain` another word.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, levels: int = 3, units: int = 1, domain: Domain = "mixed") -> None:
        super().__init__(channels)
        if channels < 4 or levels < 1 or units < 1:
            got = f"channels={channels}, levels={levels}, units={units}"
            raise ConfigError(f"{type(self).__name__} got {got}. Give 4 channels or more, and the others from 1 up.")
        if domain not in ("mixed", "channel", "spatial"):
            raise ConfigError(f'{type(self).__name__} got domain={domain!r}. Choose "mixed", "channel" or "spatial".')
        self.domain = domain
        self.sees_whole_map = domain == "spatial"
        self.down = nn.ModuleList(_units(channels, units) for _ in range(levels))
        self.skip = nn.ModuleList(_units(channels, 1) for _ in range(levels - 1))
        self.up = nn.ModuleList(_units(channels, units) for _ in range(levels))
        self.norm1 = nn.BatchNorm2d(channels)
        self.linear1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.linear2 = nn.Conv2d(channels, channels, 1, bias=False)
        self.context = (3 + 4 * units) * (2**levels - 1)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        maps = [x]
        for units in self.down:
            maps.append(units(_halved(maps[-1])))  # (N, C, h/2, w/2)
        mask = maps.pop()
        for level in reversed(range(len(self.up))):
            larger = maps.pop()
            mask = _resized(self.up[level](mask), larger)  # (N, C, 2h, 2w)
            if level > 0:
                mask = mask + self.skip[level - 1](larger)
        mask = self.linear1(F.relu(self.norm1(mask)))  # (N, C, H, W)
        return _activated(self.linear2(F.relu(self.norm2(mask))), self.domain)

    def combine(self, x: Tensor, gate: Tensor) -> Tensor:
        """The map and the masked map."""
        return x * (1 + gate)


class ResidualAttentionModule(Attention):
    """The whole module of the paper: units, a trunk whose features the mask gates, units.

    The batch normalisations cannot train on one picture that the levels halve to 1x1 pixel (8x8 with three).

    Formula:
        z = before(x)
        y = after(trunk(z) * (1 + mask(z)))

    Args:
        channels: C of the feature map, 4 or more.
        levels: how often the mask branch halves the map; 3, 2, 1 in the three stages of the paper.
        outer: units before, and after, p in the paper.
        trunk: units of the trunk, t in the paper.
        units: units of the mask branch between two poolings, r in the paper.
        domain: of the mask, see ResidualMaskAttention.

    Shape:
        input and output: (N, C, H, W), raw sums: the next layer normalises.

    Raises:
        ConfigError: `channels` is below 4, another number below 1, or `domain` another word.
        ShapeError: the input has another C (on forward).
    """

    def __init__(
        self, channels: int, levels: int = 3, outer: int = 1, trunk: int = 2, units: int = 1, domain: Domain = "mixed"
    ) -> None:
        super().__init__(channels)
        if outer < 1 or trunk < 1:
            raise ConfigError(
                f"{type(self).__name__} got outer={outer}, trunk={trunk}. Choose both from 1 up; the paper has 1 and 2."
            )
        self.mask = ResidualMaskAttention(channels, levels, units, domain)
        self.before = _units(channels, outer)
        self.trunk = _units(channels, trunk)
        self.after = _units(channels, outer)
        self.context = max(trunk, self.mask.context) + 2 * outer

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        before = self.before(x)
        return self.after(self.mask.combine(self.trunk(before), self.mask.gate(before)))


def _units(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(PreActivationUnit(channels) for _ in range(count)))


def _halved(x: Tensor) -> Tensor:
    """Max-pooled 3 x 3 by 2, with a last window over the border where one begins inside."""
    below, right = max(3 - x.shape[2], 0), max(3 - x.shape[3], 0)
    if below or right:
        x = F.pad(x, (0, right, 0, below), mode="replicate")  # (N, C, 3 or more, 3 or more)
    return F.max_pool2d(x, 3, stride=2, ceil_mode=True)  # (N, C, h/2, w/2)


def _resized(x: Tensor, larger: Tensor) -> Tensor:
    return F.interpolate(x, larger.shape[2:], mode="bilinear", align_corners=True)  # (N, C, h, w) of `larger`


def _activated(x: Tensor, domain: str) -> Tensor:
    """The three activations of section 3.2, statistics in float32 or better."""
    if domain == "mixed":
        return x.sigmoid()
    exact = x.to(torch.promote_types(x.dtype, torch.float32))
    if domain == "channel":
        return (exact * (exact.square().sum(1, keepdim=True) + 1e-12).rsqrt()).to(x.dtype)
    apart = exact - exact.mean((2, 3), keepdim=True)
    return (apart * (apart.square().mean((2, 3), keepdim=True) + 1e-5).rsqrt()).sigmoid().to(x.dtype)
