"""Attention whose energy has a term for the key's column and one for its row, without the matrix of all pairs.

Shared by generalized.py and augmented_conv.py, whose papers are named there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from restore.attention.representation.fused import fused_attention


def attend(
    query: Tensor, key: Tensor, value: Tensor, columns: Tensor | None = None, rows: Tensor | None = None
) -> Tensor:
    """Return softmax(query key^T + column term + row term) value, over keys that lie on an h x w map.

    The two terms are dot products as well: of `columns` with the unit vector of the key's column, of `rows` with that
    of its row. So they are appended to query and key, and the fused kernel needs no mask and no matrix: memory grows
    with HW * (h + w) instead of HW * hw.

    Args:
        query: (N, heads, Q, d), scaled; d may be nought where the terms are given.
        key: (N, heads, hw, d), row by row.
        value: (N, heads, hw, D).
        columns: (N, heads, Q, w), what is added where the key lies in column 0, 1 ... w - 1; None for no terms.
        rows: (N, heads, Q, h), the same for rows.

    Returns:
        (N, heads, Q, D).
    """
    if columns is not None and rows is not None:
        h, w = rows.shape[3], columns.shape[3]
        column_of = torch.eye(w, dtype=key.dtype, device=key.device).repeat(h, 1)  # (hw, w)
        row_of = torch.eye(h, dtype=key.dtype, device=key.device).repeat_interleave(w, 0)  # (hw, h)
        place = torch.cat([column_of, row_of], 1).expand(*key.shape[:2], -1, -1)  # (N, heads, hw, w + h)
        query = torch.cat([query, columns, rows], 3)  # (N, heads, Q, d + w + h)
        key = torch.cat([key, place], 3)  # (N, heads, hw, d + w + h)
    return fused_attention(query, key, value)


def energy(query: Tensor, key: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """What `attend` takes the softmax of, in full: (N, heads, Q, hw)."""
    position = columns.unsqueeze(3) + rows.unsqueeze(4)  # (N, heads, Q, h, w)
    return query @ key.transpose(2, 3) + position.flatten(3)
