"""Non-local block: every place gathers from all places, by one of four pairwise functions.

Papers: Wang et al., "Non-local Neural Networks", CVPR 2018, sections 3.2 and 3.3, https://arxiv.org/abs/1711.07971;
normalised over the queries as in the code of Zhang et al., "Residual Non-local Attention Networks for Image
Restoration", ICLR 2019, https://arxiv.org/abs/1903.10082
"""

from __future__ import annotations

from typing import ClassVar, Literal, cast, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Representation
from restore.attention.representation.over_queries import log_normalizer_over_queries, softmax_over_queries
from restore.attention.representation.pairwise import (
    dot_product,
    rectified_sum,
    softmax_over_keys,
)
from restore.errors import ConfigError, ShapeError
from restore.layers import WholeMap

Pairwise = Literal["gaussian", "embedded_gaussian", "dot_product", "concatenation"]

_CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


class NonLocalOverAxes(nn.Module):
    """The block over the axes that a subclass names; `NonLocalAttention` says what the options are."""

    axes: ClassVar[str]
    """Of the input after N and C."""
    pooled: ClassVar[str]
    """Those that sub-sampling halves."""

    def __init__(
        self,
        channels: int,
        pairwise: Pairwise = "embedded_gaussian",
        reduction: int = 2,
        width: int | None = None,
        subsample: bool = False,
        normalization: bool = False,
        normalize_over: Literal["keys", "queries"] = "keys",
        logit_scale: float = 1.0,
        bias: bool = True,
    ) -> None:
        nn.Module.__init__(self)  # Attention's own, where a subclass has it, only checks and keeps `channels`
        name = type(self).__name__
        if channels < 1:
            raise ConfigError(f"{name} got channels={channels}. Give the C of the layer before it.")
        if pairwise not in get_args(Pairwise) or normalize_over not in ("keys", "queries"):
            raise ConfigError(
                f"{name} got pairwise={pairwise!r}, normalize_over={normalize_over!r}. "
                f"Choose of {', '.join(get_args(Pairwise))}, and of keys, queries."
            )
        if reduction < 1 or (width is not None and (width < 1 or reduction != 2)):
            raise ConfigError(f"{name} got reduction={reduction}, width={width}. Give one of the two, from 1.")
        if normalize_over == "queries" and "gaussian" not in pairwise:
            raise ConfigError(f"{name} got normalize_over='queries' with {pairwise!r}, which has no softmax. Drop it.")
        if logit_scale != 1 and "gaussian" not in pairwise:
            raise ConfigError(f"{name} got logit_scale={logit_scale} with {pairwise!r}, which has no logits. Drop it.")
        width = width or max(1, channels // reduction)
        conv = _CONV[len(self.axes)]
        self.channels = channels
        self.pairwise, self.subsample = pairwise, subsample
        self.normalize_over, self.logit_scale = normalize_over, logit_scale
        embedded = pairwise != "gaussian"
        self.query = conv(channels, width, 1, bias=bias) if embedded else nn.Identity()
        self.key = conv(channels, width, 1, bias=bias) if embedded else nn.Identity()
        self.value = conv(channels, width, 1, bias=bias)
        if pairwise == "concatenation":
            self.concatenate = nn.Conv2d(2 * width, 1, 1, bias=False)  # query first, then key
        self.project = conv(width, channels, 1, bias=bias)
        self.norm = _NORM[len(self.axes)](channels) if normalization else nn.Identity()
        self.extent = WholeMap(blended=True)
        for parameter in (self.norm if normalization else self.project).parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        self.check(x)
        return self.extent(x, self._attend)

    def affinity(self, x: Tensor, at: tuple[int, ...] | None = None) -> Tensor:
        """(N, C, ...) -> (N, 1, L, K), K places of the keys; with `at`, (N, 1, ...) over the keys."""
        self.check(x)
        everywhere, key = self.queries(x), self.keys(x)
        query = everywhere
        if at is not None:
            place = 0
            for index, size in zip(at, x.shape[2:], strict=True):
                place = place * size + index
            query = everywhere[:, place : place + 1]
        if self.pairwise == "concatenation":
            query, key = self._scalars(query, key)
            weight = F.relu(query.unsqueeze(2) + key.unsqueeze(1)) / key.shape[1]
        elif self.pairwise == "dot_product":
            weight = query @ key.mT / key.shape[1]
        elif self.normalize_over == "keys":
            weight = (self.logit_scale * query @ key.mT).softmax(dim=2)
        else:
            everywhere, query = self.logit_scale * everywhere, self.logit_scale * query
            weight = (query @ key.mT - log_normalizer_over_queries(everywhere, key).unsqueeze(1)).exp()
        weight = weight.unsqueeze(1)  # (N, 1, L or 1, K)
        return weight if at is None else weight.reshape(x.shape[0], 1, *self.key_sizes(x))

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, ...) and (N, 1, L, K) -> (N, C, ...)."""
        return self.output(x, affinity.squeeze(1) @ self.values(x))

    def check(self, x: Tensor) -> None:
        """Raise ShapeError unless `x` is (N, channels, ...) of the block's axes."""
        if x.dim() != 2 + len(self.axes) or x.shape[1] != self.channels:
            raise ShapeError(
                f"{type(self).__name__} expects (N, {self.channels}, {', '.join(self.axes)}), got {tuple(x.shape)}. "
                "Set channels to the width of the layer before it."
            )

    def queries(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, L, C/r)."""
        return _rows(self.query, x)

    def keys(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, K, C/r)."""
        return _places(self._pool(self.key(x))) if self.subsample else _rows(self.key, x)

    def values(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, K, C/r)."""
        return _places(self._pool(self.value(x))) if self.subsample else _rows(self.value, x)

    def key_sizes(self, x: Tensor) -> tuple[int, ...]:
        """Sizes of the map of keys."""
        return tuple(size // window for size, window in zip(x.shape[2:], self._windows(x), strict=True))

    def output(self, x: Tensor, seen: Tensor) -> Tensor:
        """(N, C, ...) and what its places have seen, (N, L, C/r) -> (N, C, ...)."""
        return x + self.norm(_projected(seen, self.project).mT.unflatten(2, x.shape[2:]))

    def _attend(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...), of the whole map or a window."""
        x = x.contiguous()  # a window once, not for each of its three projections
        return self.output(x, self._seen(self.queries(x), self.keys(x), self.values(x)))

    def _windows(self, x: Tensor) -> tuple[int, ...]:
        """A side of 1 is not pooled; an odd one loses its last place, as published."""
        halves = [self.subsample and axis in self.pooled for axis in self.axes]
        return tuple(2 if half and size > 1 else 1 for half, size in zip(halves, x.shape[2:], strict=True))

    def _pool(self, x: Tensor) -> Tensor:
        return _POOL[len(self.axes)](x, self._windows(x))

    def _seen(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """(N, L, E), (N, K, E), (N, K, V) -> (N, L, V)."""
        if self.pairwise == "concatenation":
            return rectified_sum(*self._scalars(query, key), value)
        if self.pairwise == "dot_product":
            return dot_product(query, key, value)
        if self.normalize_over == "keys":
            return softmax_over_keys(query, key, value, self.logit_scale)
        return softmax_over_queries(self.logit_scale * query, key, value)

    def _scalars(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """The 1x1 convolution over a concatenation is a sum of what it makes of each: (N, L) and (N, K)."""
        of_query, of_key = self.concatenate.weight.flatten().chunk(2)
        return query @ of_query, key @ of_key


class NonLocalAttention(NonLocalOverAxes, Representation):
    """Adds to each place a sum over all places, weighted by how alike the two are.

    Formula:
        y_i = x_i + project(sum_j f(x_i, x_j) value(x_j) / sum_j f(x_i, x_j)),  f = exp(query(x_i) . key(x_j))

    Defaults are those of restoration: neither sub-sampling nor batch normalisation, which the paper's networks for
    video have. No matrix of all pairs is built: see `restore.attention.representation.pairwise`.

    Args:
        channels: C of the feature map.
        pairwise: f. "gaussian" has neither query nor key layer; "dot_product" is query . key / K without a softmax;
            "concatenation" is relu(w . [query, key]) / K.
        reduction: how many times query, key and value are narrower than C; the width is at least 1.
        width: the width of query, key and value itself, instead of a reduction.
        subsample: whether key and value are max-pooled by 2 (along sides above 1).
        normalization: batch normalisation at the end, with the zero-init that the last convolution has otherwise. It
            cannot train on one picture of 1x1 pixel.
        normalize_over: what the softmax sums over. The formula has the keys; RNAN's code has "queries", so that the
            weights which leave a key sum to 1.
        logit_scale: factor of query . key in front of the softmax. The paper has 1; sqrt(width) gives GCNet's code,
            1 / sqrt(width) the scaled form of CGNL's.
        bias: whether the convolutions have one.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `reduction` or `width` below 1, or both given; a softmax's option for an f without one.
        ShapeError: the input has another C (on forward).

    Example:
        >>> import torch
        >>> NonLocalAttention(64, "dot_product")(torch.rand(2, 64, 8, 8)).shape
        torch.Size([2, 64, 8, 8])
    """

    axes = pooled = "HW"
    starts_as_identity = True
    sees_whole_map = True


def _rows(layer: nn.Module, x: Tensor) -> Tensor:
    """A 1x1 convolution, or nothing, as the rows that products are made of: (N, C, ...) -> (N, L, C').

    The map itself, which a convolution would make, would have to be turned over, and its gradient back.
    """
    rows = x.flatten(2).mT  # (N, L, C)
    if isinstance(layer, nn.Identity):
        return rows.contiguous()
    return _projected(rows, layer)


def _projected(rows: Tensor, layer: nn.Module) -> Tensor:
    """A 1x1 convolution of rows: (N, L, C) -> (N, L, C'); turned ones are not copied."""
    weight, bias = cast(Tensor, layer.weight).flatten(1).mT, cast("Tensor | None", layer.bias)  # (C, C')
    made = torch.bmm(rows, weight.expand(len(rows), -1, -1))
    return made if bias is None else made + bias


def _places(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2).contiguous()  # (N, C, ...) -> (N, L, C)
