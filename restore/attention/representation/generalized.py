"""Generalized attention: four terms of the energy, each of which can be left out.

Paper: Zhu et al., "An Empirical Study of Spatial Attention Mechanisms in Deep Networks", ICCV 2019, section 3,
https://arxiv.org/abs/1904.05873
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from restore.attention.base import Representation
from restore.attention.representation.positional import attend, energy
from restore.errors import ConfigError, ShapeError


class GeneralizedAttention(Representation):
    """Gathers by any of: contents of both, content of one and position, the key's content alone, position alone.

    Keys are every `key_stride`-th place of both axes. No form builds the matrix of all pairs: the energy of a relative
    position is a sum of a column's and a row's, which the fused kernel takes as dot products. The key's content alone
    is one row for all queries, position alone a product of two small matrices.

    Formula:
        y = x + scale * project(softmax(E1 + E2 + E3 + E4) value)
        E1 = query . key              E2 = query . (column_position(dx) + row_position(dy))
        E3 = content_bias . key       E4 = position_bias . (column_position(dx) + row_position(dy))

    Args:
        channels: C of the feature map.
        heads: into how many groups of C // heads channels the map is projected.
        query_key: the term E1.
        query_position: the term E2.
        key_content: the term E3.
        position: the term E4.
        key_stride: every how many places a key is taken.
        position_width: sines and cosines that describe a relative position, a multiple of 4; None is C.
        position_magnitude: factor on the relative position.
        transposed_query: with E2 and without E4, the row's part of E2 takes the query of the place mirrored at the
            diagonal, as the published code does by mistake; square maps only.

    Shape:
        input and output: (N, C, H, W); the affinity is (N, heads, HW, hw), h = ceil(H / key_stride). A fresh module
        returns its input, as `scale` starts at nought.

    Raises:
        ConfigError: no term is chosen, an option is below 1, `position_width` is no multiple of 4, or
            `transposed_query` meets terms that it does not act on.
        ShapeError: the input has another C, or is not square with `transposed_query` (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        heads: int = 8,
        query_key: bool = True,
        query_position: bool = True,
        key_content: bool = True,
        position: bool = True,
        key_stride: int = 2,
        position_width: int | None = None,
        position_magnitude: float = 1.0,
        transposed_query: bool = False,
    ) -> None:
        super().__init__(channels)
        position_width = channels if position_width is None else position_width
        has_query = query_key or query_position
        has_key = query_key or key_content
        has_position = query_position or position
        if not (has_query or has_key or has_position):
            raise ConfigError("GeneralizedAttention got no term. Switch on query_key, query_position, ... or position.")
        if not 1 <= heads <= channels or key_stride < 1:
            raise ConfigError(
                f"GeneralizedAttention({channels}) got heads={heads}, key_stride={key_stride}. "
                f"Choose heads between 1 and {channels} and a stride from 1 on."
            )
        if has_position and (position_width < 4 or position_width % 4):
            raise ConfigError(
                f"GeneralizedAttention({channels}) has position_width={position_width}. Choose a multiple of 4."
            )
        if transposed_query and (position or not query_position):
            raise ConfigError(
                "GeneralizedAttention got transposed_query, which acts with query_position and without position alone. "
                "Leave it out: it repeats a mistake of the published code."
            )
        self.heads, self.key_stride = heads, key_stride
        self.query_key, self.query_position = query_key, query_position
        self.key_content, self.position = key_content, position
        self.has_query, self.has_key, self.has_position = has_query, has_key, has_position
        self.position_width, self.position_magnitude = position_width, position_magnitude
        self.transposed_query = transposed_query
        width = channels // heads * heads
        if has_query:
            self.query = nn.Conv2d(channels, width, 1, bias=False)
        if has_key:
            self.key = nn.Conv2d(channels, width, 1, bias=False)
        if has_position:
            self.column_position = nn.Linear(position_width // 2, width, bias=False)
            self.row_position = nn.Linear(position_width // 2, width, bias=False)
        bound = 1 / math.sqrt(2 * (channels // heads))
        if key_content:
            self.content_bias = nn.Parameter(torch.empty(width).uniform_(-bound, bound))
        if position:
            self.position_bias = nn.Parameter(torch.empty(width).uniform_(-bound, bound))
        self.value = nn.Conv2d(channels, width, 1, bias=False)
        self.project = nn.Conv2d(width, channels, 1)
        self.scale = nn.Parameter(torch.zeros(1))
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_uniform_(parameter, a=1)
        nn.init.zeros_(cast(Tensor, self.project.bias))

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, heads, HW, hw)."""
        self._check_square(x)
        places = slice(None) if at is None else slice(at[0] * x.shape[3] + at[1], at[0] * x.shape[3] + at[1] + 1)
        asked = self._asked(x)
        query, key = self._content(x, asked)
        if self.has_position:
            columns, rows = (term[:, :, places] for term in self._position(x, asked))
            weights = energy(query[:, :, places], key, columns, rows).softmax(-1)
        else:
            weights = (query[:, :, places] @ key.transpose(2, 3)).softmax(-1)
        return weights if at is None else weights.view(*weights.shape[:2], *self._keys(x).shape[2:])

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) and (N, heads, HW, hw) -> (N, C, H, W)."""
        return self._join(x, affinity @ self._split(self.value(self._keys(x))))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        self._check_square(x)
        value = self._split(self.value(self._keys(x)))  # (N, heads, hw, d)
        if not (self.query_key or self.query_position):
            if not self.has_position:
                return self._join(x, self._same_for_all(x, value))
            if not self.has_key:
                return self._join(x, self._by_position(x, value))
        asked = self._asked(x)
        columns, rows = self._position(x, asked) if self.has_position else (None, None)
        return self._join(x, attend(*self._content(x, asked), value, columns, rows))

    def _same_for_all(self, x: Tensor, value: Tensor) -> Tensor:
        _, energy_of_key = self._content(x, None)
        return energy_of_key.transpose(2, 3).softmax(-1) @ value  # (N, heads, 1, d)

    def _by_position(self, x: Tensor, value: Tensor) -> Tensor:
        columns, rows = (term.unflatten(2, x.shape[2:]) for term in self._position(x, None))  # (N, heads, H, W, w or h)
        columns = columns[:, :, 0].softmax(-1)  # (N, heads, W, w), the same for all H
        rows = rows[:, :, :, 0].softmax(-1)  # (N, heads, H, h), the same for all W
        values = value.unflatten(2, self._keys(x).shape[2:])  # (N, heads, h, w, d)
        narrow = columns.unsqueeze(2) @ values  # (N, heads, h, W, d)
        return (rows @ narrow.flatten(3)).view(*rows.shape[:3], *narrow.shape[3:]).flatten(2, 3)  # (N, heads, HW, d)

    def _asked(self, x: Tensor) -> Tensor | None:
        """What E1 and E2 ask with, (N, heads, HW, d); None where neither is on."""
        return self._split(self.query(x)) if self.has_query else None

    def _content(self, x: Tensor, asked: Tensor | None) -> tuple[Tensor, Tensor]:
        """E1 and E3 as one product: (N, heads, HW, d), (N, heads, hw, d); d is 1 for E3 alone, nought for neither."""
        if not self.has_key:
            query, key = (self._split(maps[:, :0]) for maps in (x, self._keys(x)))  # of no width
            return query, key
        key = self._split(self.key(self._keys(x)))
        if self.query_key:
            return self._biased(asked, self.content_bias if self.key_content else None, x), key
        key = key @ self.content_bias.view(self.heads, -1, 1)  # (N, heads, hw, 1)
        return key.new_ones(len(x), self.heads, x.shape[2] * x.shape[3], 1), key

    def _position(self, x: Tensor, asked: Tensor | None) -> tuple[Tensor, Tensor]:
        """E2 and E4 by the key's column and by its row: (N, heads, HW, w) and (N, heads, HW, h)."""
        asked = asked if self.query_position else None
        asked = self._biased(asked, self.position_bias if self.position else None, x)
        query = asked.unflatten(2, x.shape[2:])  # (N, heads, H, W, d)
        column, row = (  # (W, w, heads, d), (H, h, heads, d)
            linear(self._waves(side, x)).unflatten(2, (self.heads, -1)) / math.sqrt(2)
            for linear, side in ((self.column_position, x.shape[3]), (self.row_position, x.shape[2]))
        )
        columns = torch.einsum("nbyxd,xubd->nbyxu", query, column)
        mirrored = query.transpose(2, 3) if self.transposed_query else query
        rows = torch.einsum("nbyxd,yvbd->nbyxv", mirrored, row)
        return columns.flatten(2, 3), rows.flatten(2, 3)

    def _biased(self, query: Tensor | None, bias: Tensor | None, x: Tensor) -> Tensor:
        """The query plus a bias a head, or either of them: (N, heads, HW, d)."""
        if bias is None:
            return cast(Tensor, query)
        bias = bias.view(1, self.heads, 1, -1)
        return bias.expand(len(x), -1, x.shape[2] * x.shape[3], -1) if query is None else query + bias

    def _waves(self, side: int, x: Tensor) -> Tensor:
        """Sines and cosines of the distances from places to keys along an axis: (side, keys, position_width / 2)."""
        wide = torch.promote_types(x.dtype, torch.float32)
        places = torch.arange(side, dtype=wide, device=x.device)
        apart = (places.unsqueeze(1) - places[:: self.key_stride]) * self.position_magnitude  # (side, keys)
        steps = torch.arange(self.position_width // 4, dtype=wide, device=x.device)
        lengths = 1000 ** (4 / self.position_width * steps)
        phases = apart.unsqueeze(2) / lengths  # (side, keys, position_width / 4)
        return torch.cat([phases.sin(), phases.cos()], 2).to(x.dtype)

    def _keys(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.key_stride, :: self.key_stride]  # (N, C, h, w)

    def _split(self, x: Tensor) -> Tensor:
        return x.flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3).contiguous()  # (N, heads, places, d)

    def _join(self, x: Tensor, seen: Tensor) -> Tensor:
        size = x.shape[2:] if seen.shape[2] > 1 else (1, 1)  # the key's content alone gives all places the same
        joined = seen.transpose(2, 3).reshape(len(x), -1, *size)  # (N, heads * d, H, W)
        return x + self.scale * self.project(joined)

    def _check_square(self, x: Tensor) -> None:
        if self.transposed_query and x.shape[2] != x.shape[3]:
            raise ShapeError(
                f"GeneralizedAttention with transposed_query takes square maps, got {tuple(x.shape)}. "
                "Leave the option out: it repeats a mistake of the published code."
            )
