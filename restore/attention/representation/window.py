"""Window attention of SwinIR, with and without the shift.

Papers: Liang et al., "SwinIR: Image Restoration Using Swin Transformer", ICCV Workshops 2021, section 3.2,
https://arxiv.org/abs/2108.10257; Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted
Windows", ICCV 2021, section 3.2, https://arxiv.org/abs/2103.14030
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Representation
from restore.errors import ConfigError, ShapeError
from restore.layers.padding import pad_to_multiple
from restore.layers.windows import from_windows, to_windows

NEVER = -100.0  # what Swin's authors add to the energy of places that must not meet


class TokenWindowAttention(nn.Module):
    """Multi-head attention among the tokens of each window, with a learned bias for each relative position.

    Formula:
        y = project(softmax(query key^T / sqrt(C/heads) + bias + mask) value)

    Args:
        channels: C of a token.
        window: height and width of a window; it has T = height * width tokens, row by row.
        heads: into how many groups the channels are split; divides C.

    Shape:
        tokens: (M, T, C), M windows.
        mask: (m, T, T), added to the energy of window i as mask[i modulo m]; m divides M.
        output: (M, T, C).

    Raises:
        ConfigError: an option is below 1, or `heads` does not divide `channels`.
        ShapeError: the tokens have another shape, or the masks' number does not divide the windows' (on forward).
    """

    def __init__(self, channels: int, window: tuple[int, int] = (8, 8), heads: int = 4) -> None:
        super().__init__()
        if min(channels, *window, heads) < 1 or channels % heads:
            raise ConfigError(
                f"Window attention got channels={channels}, window={window}, heads={heads}. "
                "Choose numbers from 1 on, and heads that divide channels."
            )
        self.channels, self.window, self.heads = channels, window, heads
        h, w = window
        self.position_bias = nn.Parameter(torch.empty((2 * h - 1) * (2 * w - 1), heads))
        nn.init.trunc_normal_(self.position_bias, std=0.02)
        rows, columns = torch.arange(h).repeat_interleave(w), torch.arange(w).repeat(h)  # (T,), (T,)
        down, right = rows[:, None] - rows + h - 1, columns[:, None] - columns + w - 1  # (T, T), (T, T)
        self.position_index: Tensor
        self.register_buffer("position_index", down * (2 * w - 1) + right)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        for layer in (self.query_key_value, self.project):  # as the authors begin
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def split(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(M, T, C) -> scaled query, key, value, each (M, heads, T, C/heads)."""
        together = self.query_key_value(tokens).unflatten(2, (3, self.heads, -1))  # (M, T, 3, heads, C/heads)
        query, key, value = together.permute(2, 0, 3, 1, 4).contiguous().unbind(0)  # (M, heads, T, C/heads) each
        return query * (self.channels // self.heads) ** -0.5, key, value

    def merge(self, seen: Tensor) -> Tensor:
        """(M, heads, T, C/heads) -> (M, T, C)."""
        return self.project(seen.transpose(1, 2).flatten(2))

    def affinity(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """(M, T, C) -> (M, heads, T, T)."""
        query, key, _ = self.split(tokens)
        energy = query @ key.transpose(2, 3) + self._bias()  # (M, heads, T, T)
        if mask is not None:
            energy = energy + mask.to(energy).repeat(len(tokens) // len(mask), 1, 1).unsqueeze(1)
        return energy.softmax(-1)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """(M, T, C) -> (M, T, C)."""
        self._check(tokens, mask)
        query, key, value = self.split(tokens)
        bias = self._bias().unsqueeze(0)  # (1, heads, T, T)
        if mask is not None:
            bias = (bias + mask.to(bias).unsqueeze(1)).flatten(0, 1).unsqueeze(0)  # (1, m * heads, T, T)
            grouped = (-1, bias.shape[1], *query.shape[2:])
            query, key, value = (t.reshape(grouped) for t in (query, key, value))  # (M/m, m * heads, T, C/heads)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)
        return self.merge(seen.reshape(len(tokens), self.heads, *seen.shape[2:]))

    def _bias(self) -> Tensor:
        return self.position_bias[self.position_index].permute(2, 0, 1)  # (heads, T, T)

    def _check(self, tokens: Tensor, mask: Tensor | None) -> None:
        count = self.window[0] * self.window[1]
        if tokens.dim() != 3 or tokens.shape[1:] != (count, self.channels):
            raise ShapeError(
                f"Window attention expects (M, {count}, {self.channels}), got {tuple(tokens.shape)}. "
                "Cut the map by restore.layers.windows.to_windows."
            )
        if mask is not None and (mask.shape[1:] != (count, count) or len(tokens) % len(mask)):
            raise ShapeError(
                f"{len(tokens)} windows of {count} tokens got masks {tuple(mask.shape)}. "
                f"Give (m, {count}, {count}) where m divides {len(tokens)}."
            )


class WindowAttention(Representation):
    """Attention within square windows of a feature map; shifted by half a window, it joins its neighbors.

    A map without whole windows is padded below and on the right by reflection, as SwinIR pads its pictures, and
    cropped. The shift is a roll; places that it brings together from opposite borders are kept apart by a mask. Only
    windows of the last row and the last column hold such places, and these are of three kinds at any size: so there
    are three masks, made once, where the authors make one a window for each size. Their network drops the shift where
    the size that it is built for is a single window; this module is built for no size and keeps it.

    Formula:
        y = windows joined(project(softmax(query key^T / sqrt(C/heads) + bias) value))

    Args:
        channels: C of the feature map.
        window: side of a window.
        heads: into how many groups the channels are split; divides C.
        shifted: whether windows begin half a window to the right and below.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: an option is below 1, or `heads` does not divide `channels`.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, window: int = 8, heads: int = 4, shifted: bool = False) -> None:
        super().__init__(channels)
        self.attend = TokenWindowAttention(channels, (window, window), heads)
        self.window, self.heads = window, heads
        self.shift = window // 2 if shifted else 0
        self.context = window - 1
        if self.shift:
            self.masks: Tensor
            four = shift_mask((2 * window, 2 * window), window, self.shift, self.attend.position_bias)  # (4, T, T)
            self.register_buffer("masks", four, persistent=False)  # inner, right, lower and corner windows

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, heads, HW, HW); other windows are nought, what was padded counts for its origin."""
        height, width = x.shape[2:]
        tokens = self._tokens(x)
        padded = (self.window * tokens.shape[1], self.window * tokens.shape[2])
        mask = shift_mask(padded, self.window, self.shift, x) if self.shift else None
        within = self.attend.affinity(tokens.flatten(0, 2), mask)  # (N * windows, heads, T, T)
        within = within.unflatten(0, (len(x), -1)).transpose(1, 2).flatten(2, 3)  # (N, heads, windows * T, T)
        numbers = torch.arange(height * width, dtype=torch.float64, device=x.device).view(1, 1, height, width)
        origin = self._tokens(numbers).flatten(0, 2).squeeze(2).long()  # (windows, T), what a token is or reflects
        numbers = torch.arange(padded[0] * padded[1], dtype=torch.float64, device=x.device).view(1, 1, *padded)
        token_of = self._tokens(numbers).flatten().argsort().view(padded)  # (padded H, padded W)
        token = token_of[:height, :width].flatten() if at is None else token_of[at].view(1)  # (rows,)
        rows = within[:, :, token]  # (N, heads, rows, T)
        columns = origin[token // self.window**2].expand_as(rows)  # (N, heads, rows, T)
        whole = rows.new_zeros(*rows.shape[:3], height * width).scatter_add(3, columns, rows)  # (N, heads, rows, HW)
        return whole if at is None else whole.view(len(x), self.heads, height, width)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) and (N, heads, HW, HW) -> (N, C, H, W)."""
        value = self.attend.split(x.flatten(2).transpose(1, 2))[2]  # (N, heads, HW, C/heads)
        return self.attend.merge(affinity @ value).transpose(1, 2).reshape(x.shape)  # (N, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        tokens = self._tokens(x)  # (N, rows, columns, T, C)
        if self.shift:
            upper = self._row(tokens[:, :-1], 0) if tokens.shape[1] > 1 else []
            lower = self._row(tokens[:, -1:], 2)
            seen = torch.cat([torch.cat(row, 2) for row in (upper, lower) if row], 1)
        else:
            seen = self._seen(tokens, None)
        joined = _roll(from_windows(seen, (self.window, self.window)), self.shift)  # (N, C, padded H, padded W)
        return joined[:, :, : x.shape[2], : x.shape[3]]  # (N, C, H, W)

    def _row(self, tokens: Tensor, kind: int) -> list[Tensor]:
        """What rows of windows see, but for the last column; and that of the last column, of the next kind."""
        left = [self._seen(tokens[:, :, :-1], self.masks[kind])] if tokens.shape[2] > 1 else []
        return [*left, self._seen(tokens[:, :, -1:], self.masks[kind + 1])]

    def _seen(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """(N, rows, columns, T, C) -> the same, each window with the same mask (T, T)."""
        windows = tokens.flatten(0, 2)  # (N * windows, T, C)
        return self.attend(windows, None if mask is None else mask.unsqueeze(0)).reshape(tokens.shape)

    def _tokens(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, rows, columns, T, C), padded and rolled."""
        return to_windows(_roll(pad_to_multiple(x, self.window), -self.shift), (self.window, self.window))


def _roll(x: Tensor, shift: int) -> Tensor:
    """Move (N, C, H, W) down and right, the channels of a place side by side in memory."""
    return x.permute(0, 2, 3, 1).roll((shift, shift), (1, 2)).permute(0, 3, 1, 2) if shift else x


def shift_mask(size: tuple[int, int], window: int, shift: int, like: Tensor) -> Tensor:
    """The mask of a map that was rolled by `shift` up and left: nought, or -100 between places from opposite borders.

    Args:
        size: H and W, multiples of `window`.
        window: side of a window.
        shift: pixels of the roll, from 1 to `window` - 1.
        like: gives device and data type.

    Returns:
        (windows, T, T).
    """
    rows, columns = (
        (torch.arange(side, device=like.device) >= side - window).to(like.dtype)
        + (torch.arange(side, device=like.device) >= side - shift)
        for side in size
    )
    regions = (3 * rows[:, None] + columns).view(1, 1, *size)  # (1, 1, H, W), nine numbers
    tokens = to_windows(regions, (window, window)).flatten(0, 2).squeeze(2)  # (windows, T)
    return (tokens.unsqueeze(2) != tokens.unsqueeze(1)).to(like.dtype) * NEVER  # (windows, T, T)
