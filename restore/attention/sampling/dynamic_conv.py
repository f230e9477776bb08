"""Lightweight and dynamic convolution of sequences, and dynamic convolution of pictures.

Papers: Wu et al., "Pay Less Attention with Lightweight and Dynamic Convolutions", ICLR 2019, sections 3 and 4,
https://arxiv.org/abs/1901.10430; on pictures: Zhu et al., "An Empirical Study of Spatial Attention Mechanisms in Deep
Networks", ICCV 2019, section 3.2, https://arxiv.org/abs/1904.05873
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Representation
from restore.errors import ConfigError, ShapeError


class DynamicConv(Representation):
    """Averages each place's window with weights that the place itself computes, one window of weights a head.

    The paper defines it on sequences; this is that definition with a square window: weights by a 1 x 1 convolution
    (head, row, column), softmax over the window, taps outside the picture included (they hold nought).

    Formula:
        y(p) = sum_k softmax_k(weigh(x(p))) * x(p + tap_k), channel c by head c // (C / heads)

    Args:
        channels: C of the feature map.
        kernel_size: side of the window, odd.
        heads: how many windows of weights a place computes; must divide `channels`.
        bias: whether the weights have one.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `kernel_size` is even or below 1, or `heads` does not divide `channels`.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, kernel_size: int = 3, heads: int = 16, bias: bool = True) -> None:
        super().__init__(channels)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"DynamicConv got kernel_size={kernel_size}. Choose an odd number.")
        _check_heads("DynamicConv", channels, heads)
        self.kernel_size, self.heads = kernel_size, heads
        self.weigh = nn.Conv2d(channels, heads * kernel_size**2, 1, bias=bias)
        self.context = kernel_size // 2

    def weights(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, heads, kernel_size^2, H, W), nought or more, sum 1 over the window."""
        return self.weigh(x).unflatten(1, (self.heads, -1)).softmax(dim=2)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, heads, HW, HW), or with `at` (N, heads, H, W); a row sums to 1 away from the border."""
        self.check(x)
        n, _, height, width = x.shape
        weights, reach = self.weights(x).flatten(3), self.kernel_size // 2  # (N, heads, taps, HW)
        padded = (height + 2 * reach, width + 2 * reach)
        tap = torch.arange(self.kernel_size**2, device=x.device).unsqueeze(1)
        pixel = torch.arange(height * width, device=x.device)
        row = pixel // width + tap // self.kernel_size  # (taps, HW), of the padded map
        column = pixel % width + tap % self.kernel_size
        places = (row * padded[1] + column).expand_as(weights)  # (N, heads, taps, HW)
        if at is not None:
            query = at[0] * width + at[1]
            weights, places = weights[..., query : query + 1], places[..., query : query + 1]
        full = weights.new_zeros(n, self.heads, padded[0] * padded[1], weights.shape[3])
        full = full.scatter(2, places, weights).transpose(2, 3).unflatten(3, padded)  # (N, heads, HW, padded H, W)
        inside = full[..., reach : reach + height, reach : reach + width]  # (N, heads, HW, H, W)
        return inside.flatten(3) if at is None else inside.squeeze(2)  # (N, heads, HW, HW) or (N, heads, H, W)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """By the matrix in full."""
        values = x.flatten(2).unflatten(1, (self.heads, -1))  # (N, heads, C/heads, HW)
        return (values @ affinity.transpose(2, 3)).reshape(x.shape)  # (N, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        height, width = x.shape[2:]
        weights = self.weights(x).unsqueeze(2)  # (N, heads, 1, taps, H, W)
        reach = self.kernel_size // 2
        values = F.pad(x, (reach,) * 4).unflatten(1, (self.heads, -1))  # (N, heads, C/heads, padded H, padded W)
        total = torch.zeros_like(values[..., :height, :width])  # (N, heads, C/heads, H, W)
        for tap in range(self.kernel_size**2):
            i, j = divmod(tap, self.kernel_size)
            total = total + weights[:, :, :, tap] * values[..., i : i + height, j : j + width]
        return total.flatten(1, 2)  # (N, C, H, W)


class LightweightConv1d(nn.Module):
    """A depth-wise convolution of a sequence whose channels share softmaxed kernels by heads.

    Formula:
        y(t) = sum_k softmax_k(weight) * x(t + k - left), channel c by head c // (C / heads)

    Args:
        channels: C of the sequence.
        kernel_size: K, taps of the window.
        heads: how many kernels; must divide `channels`.
        left: taps before the place, up to K - 1, which is causal (the decoder's); K // 2 by default (the encoder's).
        softmax: whether the kernels are softmaxed.
        bias: whether the result has one a channel.
        drop_connect: share of the weights that training drops (DropConnect).

    Shape:
        input and output: (T, N, C); nought outside the sequence.

    Raises:
        ConfigError: a number is out of range, or `heads` does not divide `channels`.
        ShapeError: the input has another C or another number of axes (on forward).
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int = 3,
        heads: int = 16,
        left: int | None = None,
        softmax: bool = True,
        bias: bool = False,
        drop_connect: float = 0.0,
    ) -> None:
        super().__init__()
        self.left = _checked_left(type(self).__name__, channels, kernel_size, heads, left, drop_connect)
        self.channels, self.kernel_size, self.heads = channels, kernel_size, heads
        self.softmax, self.drop_connect = softmax, drop_connect
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, 1, kernel_size)))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, C) -> (T, N, C)."""
        _check_sequence(type(self).__name__, x, self.channels)
        weight = self.weight.softmax(dim=2) if self.softmax else self.weight  # (heads, 1, K)
        weight = F.dropout(weight, self.drop_connect, self.training)
        result = _weighted(x, weight.view(1, 1, self.heads, -1), self.left)
        return result if self.bias is None else result + self.bias


class DynamicConv1d(nn.Module):
    """A lightweight convolution whose kernels each place computes for itself.

    Formula:
        y(t) = sum_k softmax_k(weigh(x(t))) * x(t + k - left), channel c by head c // (C / heads)

    Args:
        channels: C of the sequence.
        kernel_size: K, taps of the window.
        heads: how many kernels a place computes; must divide `channels`.
        left: taps before the place, up to K - 1, which is causal (the decoder's); K // 2 by default (the encoder's).
        softmax: whether the kernels are softmaxed.
        renormalize: whether taps outside the sequence are left out of the softmax. The published code forgets this
            option in sequences above 512; here it always holds.
        weight_bias: whether the kernels have a bias.
        bias: whether the result has one a channel.
        drop_connect: share of the weights that training drops (DropConnect).
        query_channels: C of the sequence that kernels are computed from, where that is another one.

    Shape:
        input and output: (T, N, C); `query`, where given, (T, N, query_channels).

    Raises:
        ConfigError: a number is out of range, or `heads` does not divide `channels`.
        ShapeError: an input has another C or another number of axes (on forward).
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int = 3,
        heads: int = 16,
        left: int | None = None,
        softmax: bool = True,
        renormalize: bool = False,
        weight_bias: bool = False,
        bias: bool = False,
        drop_connect: float = 0.0,
        query_channels: int | None = None,
    ) -> None:
        super().__init__()
        self.left = _checked_left(type(self).__name__, channels, kernel_size, heads, left, drop_connect)
        self.query_channels = channels if query_channels is None else query_channels
        if self.query_channels < 1:
            raise ConfigError(f"DynamicConv1d got query_channels={query_channels}. Choose 1 or more.")
        self.channels, self.kernel_size, self.heads = channels, kernel_size, heads
        self.softmax, self.renormalize, self.drop_connect = softmax, renormalize, drop_connect
        self.weigh = nn.Linear(self.query_channels, heads * kernel_size, bias=weight_bias)
        nn.init.xavier_uniform_(self.weigh.weight)
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: Tensor, query: Tensor | None = None) -> Tensor:
        """(T, N, C) -> (T, N, C)."""
        _check_sequence(type(self).__name__, x, self.channels)
        query = x if query is None else query
        _check_sequence(type(self).__name__, query, self.query_channels)
        weight = self.weigh(query).unflatten(2, (self.heads, -1))  # (T, N, heads, K)
        if self.softmax and self.renormalize:
            place = torch.arange(len(x), device=x.device).unsqueeze(1) - self.left
            place = place + torch.arange(self.kernel_size, device=x.device)  # (T, K)
            outside = (place < 0) | (place >= len(x))
            weight = weight.masked_fill(outside.view(len(x), 1, 1, -1), -torch.inf)
        weight = weight.softmax(dim=3) if self.softmax else weight
        weight = F.dropout(weight, self.drop_connect, self.training)
        result = _weighted(x, weight, self.left)
        return result if self.bias is None else result + self.bias


def _weighted(x: Tensor, weight: Tensor, left: int) -> Tensor:
    """Weighted sum of the window of each place of `x` (T, N, C); weights (T or 1, N or 1, heads, K)."""
    length, taps = len(x), weight.shape[3]
    values = F.pad(x, (0, 0, 0, 0, left, taps - 1 - left)).unflatten(
        2, (weight.shape[2], -1)
    )  # (T + K - 1, N, heads, R)
    total = torch.zeros_like(values[:length])  # (T, N, heads, R)
    for tap in range(taps):
        total = total + weight[..., tap : tap + 1] * values[tap : tap + length]
    return total.flatten(2)  # (T, N, C)


def _check_heads(owner: str, channels: int, heads: int) -> None:
    if heads < 1 or channels % heads:
        raise ConfigError(f"{owner}({channels}) got heads={heads}. Choose a number that divides {channels}.")


def _checked_left(
    owner: str, channels: int, kernel_size: int, heads: int, left: int | None, drop_connect: float
) -> int:
    if channels < 1 or kernel_size < 1:
        raise ConfigError(f"{owner} got channels={channels}, kernel_size={kernel_size}. Choose 1 or more.")
    _check_heads(owner, channels, heads)
    left = kernel_size // 2 if left is None else left
    if not 0 <= left < kernel_size:
        raise ConfigError(f"{owner} got left={left}. Choose it between 0 and kernel_size - 1 = {kernel_size - 1}.")
    if not 0 <= drop_connect < 1:
        raise ConfigError(f"{owner} got drop_connect={drop_connect}. Choose a share from 0 to below 1.")
    return left


def _check_sequence(owner: str, x: Tensor, channels: int) -> None:
    if x.dim() != 3 or x.shape[2] != channels:
        raise ShapeError(f"{owner} expects (T, N, {channels}), got {tuple(x.shape)}. Put time first and channels last.")
