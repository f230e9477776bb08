"""Compact generalized non-local attention: between all channels of all places, within groups of channels.

Paper: Yue et al., "Compact Generalized Non-local Network", NeurIPS 2018, sections 3.2 and 3.3,
https://arxiv.org/abs/1810.13125
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from restore.attention.base import Representation
from restore.errors import ConfigError

_GAMMA = 1e-4
"""Of the published Gaussian, exp(-gamma (query - key)^2)."""


class CompactNonLocalAttention(Representation):
    """Gathers for each channel of each place from all channels of all places of its group.

    Query, key and value are numbers here, one for each channel and place, so that the kernel is a polynomial in both,
    and the sum over all pairs falls apart into a few sums over places: the cost grows with HW, not with its square.

    Formula:
        y = x + norm(project(sum over j of the group of kernel(query_i, key_j) value_j)), norm = 0 at the start
        dot: query key; gaussian: sum over k to order of a_k query^k key^k, a_k = (2 gamma)^k / k! exp(-2 gamma)

    Args:
        channels: C of the feature map; a multiple of `groups`.
        width: channels of query, key and value, a multiple of `groups`; half of C where it is None.
        groups: between which nothing is gathered.
        kernel: "dot", or "gaussian": its Taylor series, for query and key of length one, as the authors take it.
        order: last power of that series, at least 1; the dot product has no use for it.
        scaled: whether the kernel is divided by the root of the number of terms: an option of the published code.

    Shape:
        input and output: (N, C, H, W). The affinity is (N, width * width / groups, HW, HW): a head is a channel that
        asks and a channel of its group that it looks at. Its rows have signs and no fixed sum.

    Raises:
        ConfigError: `groups` does not divide `channels` and `width`, `order` is below 1, or there is no such `kernel`.
        ShapeError: the input has another C (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        width: int | None = None,
        groups: int = 8,
        kernel: Literal["dot", "gaussian"] = "dot",
        order: int = 3,
        scaled: bool = False,
    ) -> None:
        super().__init__(channels)
        width = channels // 2 if width is None else width
        if groups < 1 or width < 1 or width % groups or channels % groups:
            raise ConfigError(
                f"CompactNonLocalAttention({channels}) got groups={groups}, width={width}. "
                f"Choose groups that divide both {channels} and width; width is half of channels unless given."
            )
        if kernel not in ("dot", "gaussian"):
            raise ConfigError(f"CompactNonLocalAttention got kernel={kernel!r}. Choose dot or gaussian.")
        if order < 1:
            raise ConfigError(f"CompactNonLocalAttention got order={order}. The first power is 1; the paper takes 3.")
        self.groups = groups
        self.coefficients = (0.0, 1.0) if kernel == "dot" else _gaussian(order)
        self.scaled = scaled
        self.query = nn.Conv2d(channels, width, 1, bias=False)
        self.key = nn.Conv2d(channels, width, 1, bias=False)
        self.value = nn.Conv2d(channels, width, 1, bias=False)
        self.project = nn.Conv2d(width, channels, 1, groups=groups, bias=False)
        self.norm = nn.GroupNorm(groups, channels)
        for conv in (self.query, self.key, self.value, self.project):
            nn.init.normal_(conv.weight, std=0.01)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W), without any matrix of pairs."""
        self.check(x)
        query, key = self._grouped(self.query(x)).flatten(2), self._grouped(self.key(x)).flatten(2)  # (N, G, cHW)
        rest = self._grouped(self.value(x)).flatten(2) * self._factor(query)  # (N, G, cHW)
        sums = []  # of key^k value, k = 0, 1, ...: (N, G, 1) each
        for power, coefficient in enumerate(self.coefficients):
            rest = rest * key if power else rest
            sums.append(coefficient * rest.sum(2, keepdim=True))
        seen = _polynomial(query, sums)  # (N, G, cHW)
        return self._fuse(x, seen)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, width * width / groups, HW, HW), a head a pair of channels; with `at`, (N, ..., H, W)."""
        self.check(x)
        query, key = self._grouped(self.query(x)), self._grouped(self.key(x))  # (N, G, c, HW)
        factor = self._factor(key.flatten(2))
        if at is not None:
            query = query[..., at[0] * x.shape[3] + at[1], None]  # (N, G, c, 1)
        query, key = query[:, :, :, None, :, None], key[:, :, None, :, None]  # (N, G, c, 1, HW, 1), (N, G, 1, c, 1, HW)
        pairs = _polynomial(query * key, [factor * one for one in self.coefficients])  # (N, G, c, c, HW, HW)
        heads = pairs.flatten(1, 3)  # (N, Gcc, HW, HW)
        return heads if at is None else heads.unflatten(3, x.shape[2:]).squeeze(2)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        value = self._grouped(self.value(x))  # (N, G, c, HW)
        inside = value.shape[2]
        pairs = affinity.unflatten(1, (self.groups, inside, inside))  # (N, G, c, c, HW, HW)
        return self._fuse(x, (pairs @ value[:, :, None, :, :, None]).sum(3))  # (N, G, c, HW, 1)

    def _grouped(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, G, C/G, HW)."""
        return x.flatten(2).unflatten(1, (self.groups, -1))

    def _factor(self, grouped: Tensor) -> float:
        return grouped.shape[2] ** -0.5 if self.scaled else 1.0

    def _fuse(self, x: Tensor, seen: Tensor) -> Tensor:
        seen = seen.reshape(x.shape[0], -1, *x.shape[2:])  # (N, width, H, W)
        return x + self.norm(self.project(seen))


def _gaussian(order: int) -> tuple[float, ...]:
    return tuple((2 * _GAMMA) ** k / math.factorial(k) * math.exp(-2 * _GAMMA) for k in range(order + 1))


def _polynomial(x: Tensor, coefficients: Sequence[Tensor | float]) -> Tensor:
    """The polynomial in `x` with these coefficients, that of the zeroth power first."""
    result = torch.zeros_like(x) + coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = result * x + coefficient
    return result
