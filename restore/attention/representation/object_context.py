"""Object context of OCNet: self-attention with one transform for query and key, joined to its input.

Paper: Yuan and Wang, "OCNet: Object Context Network for Scene Parsing", 2018, section 3,
https://arxiv.org/abs/1809.00916
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Representation
from restore.attention.representation.softmax import gather_by, softmax_affinity, softmax_gather
from restore.errors import ConfigError
from restore.layers.activated_norm import ActivatedNorm


class ObjectContextPooling(nn.Module):
    """OCNet's self-attention block: what each place gathers from all places, without the place itself.

    The batch normalisations cannot train on one picture of 1x1 pixel, or shrunk to it by `scale`.

    Formula:
        y = project(sum over places of softmax(query . query' / sqrt(key_width)) * value), project = 0 at the start
        query = leaky_relu(norm(conv(x))), which is the key as well

    Args:
        channels: C of the feature map.
        key_width: channels of query and key.
        value_width: channels of the value.
        out_channels: channels of the result; C where it is None.
        scale: the map is first max-pooled by this factor, and the result resized back.

    Shape:
        input (N, C, H, W), output (N, out_channels, H, W).

    Raises:
        ConfigError: a number below 1.
    """

    def __init__(
        self, channels: int, key_width: int, value_width: int, out_channels: int | None = None, scale: int = 1
    ) -> None:
        super().__init__()
        out_channels = channels if out_channels is None else out_channels
        at_least_one(
            "ObjectContextPooling",
            channels=channels,
            key_width=key_width,
            value_width=value_width,
            out_channels=out_channels,
            scale=scale,
        )
        self.scale = scale
        self.query = nn.Sequential(nn.Conv2d(channels, key_width, 1), ActivatedNorm(key_width))
        self.value = nn.Conv2d(channels, value_width, 1)
        self.project = nn.Conv2d(value_width, out_channels, 1)
        for parameter in self.project.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, H, W), without the HW x HW matrix."""
        size = x.shape[2:]
        if self.scale > 1:  # a map smaller than the scale becomes one place
            x = F.max_pool2d(x, (min(self.scale, size[0]), min(self.scale, size[1])))  # (N, C, H/scale, W/scale)
        query = self.query(x)
        seen = self.project(softmax_gather(query, query, self.value(x), query.shape[1] ** -0.5))
        if self.scale > 1:
            seen = F.interpolate(seen, size, mode="bilinear", align_corners=True)  # (N, out_channels, H, W)
        return seen

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, 1, HW, HW) at scale 1; with `at`, (N, 1, H, W)."""
        query = self.query(x)
        return softmax_affinity(query, query, query.shape[1] ** -0.5, at)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """What `forward` returns at scale 1, by the affinity in full."""
        return self.project(gather_by(affinity[:, 0], self.value(x), x.shape[2:]))


class BaseObjectContext(nn.Module):
    """BaseOC: the context, beside the input or alone, through a 1x1 convolution.

    The batch normalisations cannot train on one picture of 1x1 pixel.

    Formula:
        y = dropout(leaky_relu(norm(project([context, x])))), context = sum over scales of pooling(x)

    Args:
        channels: C of the feature map.
        out_channels: channels of the result.
        key_width: channels of query and key.
        value_width: channels of the value.
        scales: one pooling for each; their results are added.
        dropout: share of channels that training drops.
        beside_input: whether x stands beside its context; ASP-OC takes the context alone.

    Shape:
        input (N, C, H, W), output (N, out_channels, H, W).

    Raises:
        ConfigError: a number below 1, no `scales`, or `dropout` outside 0 to 1.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        key_width: int,
        value_width: int,
        scales: Sequence[int] = (1,),
        dropout: float = 0.05,
        beside_input: bool = True,
    ) -> None:
        super().__init__()
        if not scales or not 0 <= dropout <= 1:
            raise ConfigError(
                f"BaseObjectContext got scales={scales!r}, dropout={dropout}. Give a scale, and a share from 0 to 1."
            )
        self.poolings = nn.ModuleList(
            ObjectContextPooling(channels, key_width, value_width, out_channels, scale) for scale in scales
        )
        self.beside_input = beside_input
        self.project = nn.Conv2d(out_channels + (channels if beside_input else 0), out_channels, 1)
        self.norm = ActivatedNorm(out_channels)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, H, W)."""
        context = self.poolings[0](x)
        for pooling in self.poolings[1:]:
            context = context + pooling(x)
        return self.fuse(x, context)

    def fuse(self, x: Tensor, context: Tensor) -> Tensor:
        """The result of `x` and its context (N, out_channels, H, W)."""
        joined = torch.cat((context, x), dim=1) if self.beside_input else context
        return self.dropout(self.norm(self.project(joined)))


class ObjectContext(Representation):
    """BaseOC at one width and full size, as a slot.

    The batch normalisations cannot train on one picture of 1x1 pixel.

    Formula:
        y = dropout(leaky_relu(norm(project([context, x]))))
        context = project'(sum over places of softmax(query . query' / sqrt(width)) * value)

    Args:
        channels: C of the feature map.
        reduction: how many times narrower than C query, key and value are, from 1 to C.
        dropout: share of channels that training drops.

    Shape:
        input and output: (N, C, H, W); the affinity is (N, 1, HW, HW).

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`, or `dropout` is outside 0 to 1.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(self, channels: int, reduction: int = 2, dropout: float = 0.05) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"ObjectContext({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        width = channels // reduction
        self.base = BaseObjectContext(channels, channels, width, width, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W), without the HW x HW matrix."""
        self.check(x)
        return self.base(x)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, 1, HW, HW), rows that add up to one; with `at`, (N, 1, H, W)."""
        self.check(x)
        return self._pooling.affinity(x, at)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return self.base.fuse(x, self._pooling.gather(x, affinity))

    @property
    def _pooling(self) -> ObjectContextPooling:
        return cast(ObjectContextPooling, self.base.poolings[0])


def at_least_one(owner: str, **numbers: int) -> None:
    """Raise ConfigError where a number is below 1."""
    wrong = {name: number for name, number in numbers.items() if number < 1}
    if wrong:
        got = ", ".join(f"{name}={number}" for name, number in wrong.items())
        raise ConfigError(f"{owner} got {got}. Give 1 or more.")
