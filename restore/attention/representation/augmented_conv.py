"""Attention-augmented convolution: some channels by convolution, some by attention.

Paper: Bello et al., "Attention Augmented Convolutional Networks", ICCV 2019, section 3,
https://arxiv.org/abs/1904.09925
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention.representation.positional import attend
from restore.errors import ConfigError, ShapeError


class AttentionAugmentedConv(nn.Module):
    """A convolution and multi-head attention over the whole map, side by side.

    It changes the number of channels, so it is a part and no slot. The matrix of all pairs is not built; with relative
    positions memory grows with HW (H + W) for each head.

    Formula:
        y = [conv(x), project(softmax((query / sqrt(d)) . (key + column_position(dx) + row_position(dy))) value)]
        d = key_width / heads

    Args:
        channels: C of the input.
        out_channels: channels of the output, `value_width` of them by attention.
        key_width: channels of query and key, all heads together.
        value_width: channels of the value, all heads together; below `out_channels`.
        heads: divides both widths.
        kernel_size: odd, of the convolution.
        size: H and W of the largest output map that relative positions are learned for; None leaves positions out.
        stride: of the convolution and of query, key and value.
        query_kernel_size: odd, of the convolution that makes query, key and value (the paper's is 1).
        transposed_merge: join the heads as a widely copied implementation does by mistake: it reads the (places,
            channels) of each head as (channels, H, W).

    Shape:
        input: (N, C, H, W); output: (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Raises:
        ConfigError: an option is below 1, a kernel is even, or widths do not fit.
        ShapeError: the input has another C, or its output map is larger than `size` (on forward).
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        key_width: int,
        value_width: int,
        heads: int = 8,
        kernel_size: int = 3,
        size: tuple[int, int] | None = None,
        stride: int = 1,
        query_kernel_size: int = 1,
        transposed_merge: bool = False,
    ) -> None:
        super().__init__()
        numbers = (channels, out_channels, key_width, value_width, heads, kernel_size, stride, query_kernel_size)
        if min(*numbers, *(size or (1, 1))) < 1 or not kernel_size % 2 or not query_kernel_size % 2:
            raise ConfigError(
                f"AttentionAugmentedConv got {numbers} (channels, out_channels, key_width, value_width, heads, "
                f"kernel_size, stride, query_kernel_size) and size={size}. Choose numbers from 1 on and odd kernels."
            )
        if key_width % heads or value_width % heads or value_width >= out_channels:
            raise ConfigError(
                f"AttentionAugmentedConv got key_width={key_width}, value_width={value_width}, heads={heads}, "
                f"out_channels={out_channels}. Heads must divide both widths; value_width stays below out_channels."
            )
        self.channels, self.heads, self.size, self.transposed_merge = channels, heads, size, transposed_merge
        self.widths = [key_width, key_width, value_width]
        self.conv = nn.Conv2d(channels, out_channels - value_width, kernel_size, stride, kernel_size // 2)
        self.query_key_value = nn.Conv2d(channels, sum(self.widths), query_kernel_size, stride, query_kernel_size // 2)
        self.project = nn.Conv2d(value_width, value_width, 1)
        if size is not None:
            width = key_width // heads
            self.row_position = nn.Parameter(torch.randn(2 * size[0] - 1, width) * width**-0.5)
            self.column_position = nn.Parameter(torch.randn(2 * size[1] - 1, width) * width**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, H/stride, W/stride)."""
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ShapeError(
                f"AttentionAugmentedConv expects (N, {self.channels}, H, W), got {tuple(x.shape)}. "
                "Set channels to the width of the layer before it."
            )
        together = self.query_key_value(x)  # (N, 2 * key_width + value_width, h, w)
        h, w = together.shape[2:]
        query, key, value = (
            part.flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3).contiguous()  # (N, heads, hw, width / heads)
            for part in together.split(self.widths, 1)
        )
        query = query * query.shape[3] ** -0.5
        columns, rows = self._position(query.unflatten(2, (h, w)))
        seen = attend(query, key, value, columns, rows)  # (N, heads, hw, value_width / heads)
        if not self.transposed_merge:
            seen = seen.transpose(2, 3)  # (N, heads, value_width / heads, hw)
        return torch.cat([self.conv(x), self.project(seen.reshape(len(x), -1, h, w))], 1)

    def _position(self, query: Tensor) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """(N, heads, h, w, d) -> what a key's column and its row add: (N, heads, hw, w), (N, heads, hw, h)."""
        if self.size is None:
            return None, None
        h, w = query.shape[2:4]
        if h > self.size[0] or w > self.size[1]:
            raise ShapeError(
                f"AttentionAugmentedConv has size={self.size}, got a map of {h}x{w}. Build it for that size."
            )
        column = self.column_position[_apart(w, self.size[1], query)]  # (w, w, d)
        row = self.row_position[_apart(h, self.size[0], query)]  # (h, h, d)
        columns = torch.einsum("nbyxd,xud->nbyxu", query, column)
        rows = torch.einsum("nbyxd,yvd->nbyxv", query, row)
        return columns.flatten(2, 3), rows.flatten(2, 3)


def _apart(side: int, largest: int, x: Tensor) -> Tensor:
    """Where a table of 2 * largest - 1 relative positions holds key minus query: (side, side)."""
    places = torch.arange(side, device=x.device)
    return places - places.unsqueeze(1) + largest - 1
