"""Attention whose energy has a term for the key's column and one for its row, without the matrix of all pairs.

Shared by generalized.py and augmented_conv.py, whose papers are named there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.library import custom_op
from torch.utils.flop_counter import register_flop_formula

from restore.attention.representation.fused import fused_attention

_BLOCK = 1 << 19
"""Pairs of query and key that are held at one time, which the cache of a CPU fits."""
_LEAST_PAIRS = 1 << 16
"""Pairs a head below which one call of the fused kernel is as quick as blocks, head by head."""


def attend(
    query: Tensor, key: Tensor, value: Tensor, columns: Tensor | None = None, rows: Tensor | None = None
) -> Tensor:
    """Return softmax(query key^T + column term + row term) value, over keys that lie on an h x w map.

    Large maps on a CPU go query by query in blocks, also on the way back, which is one operator to torch.compile.
    Elsewhere the two terms become dot products as well: of `columns` with the unit vector of the key's column, of
    `rows` with that of its row. Appended to query and key they need no mask and no matrix in the fused kernel: memory
    grows with HW * (h + w) instead of HW * hw.

    Args:
        query: (N, heads, Q, d), scaled; d may be nought where the terms are given.
        key: (N, heads, hw, d), row by row.
        value: (N, heads, hw, D).
        columns: (N, heads, Q, w), what is added where the key lies in column 0, 1 ... w - 1; None for no terms.
        rows: (N, heads, Q, h), the same for rows.

    Returns:
        (N, heads, Q, D).
    """
    if columns is None or rows is None:
        return fused_attention(query, key, value)
    small = query.shape[2] * key.shape[2] < _LEAST_PAIRS
    if small or query.device.type != "cpu" or torch.compiler.is_exporting():
        return fused_attention(*_with_places(query, key, columns, rows), value)
    dtype = torch.promote_types(value.dtype, torch.float32)
    with torch.autocast("cpu", enabled=False):
        heads = [part.flatten(0, 1).to(dtype).contiguous() for part in (query, key, value, columns, rows)]
        seen: Tensor = _gathered(*heads)  # (N * heads, Q, D)
    return seen.unflatten(0, query.shape[:2]).to(value.dtype)


def energy(query: Tensor, key: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """What `attend` takes the softmax of, in full: (N, heads, Q, hw)."""
    position = columns.unsqueeze(3) + rows.unsqueeze(4)  # (N, heads, Q, h, w)
    return query @ key.transpose(2, 3) + position.flatten(3)


def _with_places(query: Tensor, key: Tensor, columns: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Query and key with the two terms as dot products: (N, heads, Q, d + w + h) and (N, heads, hw, d + w + h)."""
    h, w = rows.shape[3], columns.shape[3]
    column_of = torch.eye(w, dtype=key.dtype, device=key.device).repeat(h, 1)  # (hw, w)
    row_of = torch.eye(h, dtype=key.dtype, device=key.device).repeat_interleave(w, 0)  # (hw, h)
    place = torch.cat([column_of, row_of], 1).expand(*key.shape[:2], -1, -1)  # (N, heads, hw, w + h)
    return torch.cat([query, columns, rows], 3), torch.cat([key, place], 3)


@custom_op("restore::attend_by_axes", mutates_args=())
def _gathered(query: Tensor, key: Tensor, value: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """All (heads, Q or hw, ...); a block of queries of one head at a time."""
    seen = value.new_empty(*query.shape[:2], value.shape[2])
    for head, places in _blocks(query, key):
        weight = _weights(query[head, places], key[head], columns[head, places], rows[head, places])
        torch.mm(weight, value[head], out=seen[head, places])
    return seen


@custom_op("restore::attend_by_axes_backward", mutates_args=())
def _gradients(
    gradient: Tensor, seen: Tensor, query: Tensor, key: Tensor, value: Tensor, columns: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Of the five operands; the weights of a block are made again."""
    of_query, of_columns, of_rows = (torch.empty_like(part) for part in (query, columns, rows))
    of_key, of_value = torch.zeros_like(key), torch.zeros_like(value)
    means = (gradient * seen).sum(2, keepdim=True)  # (heads, Q, 1)
    for head, places in _blocks(query, key):
        asked, come = query[head, places], gradient[head, places]
        weight = _weights(asked, key[head], columns[head, places], rows[head, places])
        of_value[head].addmm_(weight.mT, come)
        of_energy = torch.addmm(means[head, places], come, value[head].mT, beta=-1).mul_(weight)  # (block, hw)
        torch.mm(of_energy, key[head], out=of_query[head, places])
        of_key[head].addmm_(of_energy.mT, asked)
        on_map = of_energy.unflatten(1, (rows.shape[2], columns.shape[2]))  # (block, h, w)
        torch.sum(on_map, 1, out=of_columns[head, places])
        torch.sum(on_map, 2, out=of_rows[head, places])
    return of_query, of_key, of_value, of_columns, of_rows


def _blocks(query: Tensor, key: Tensor) -> list[tuple[int, slice]]:
    size = max(1, _BLOCK // key.shape[1])
    return [(head, slice(at, at + size)) for head in range(query.shape[0]) for at in range(0, query.shape[1], size)]


def _weights(query: Tensor, key: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """(block, d), (hw, d), (block, w), (block, h) -> (block, hw)."""
    position = (columns.unsqueeze(1) + rows.unsqueeze(2)).flatten(1)  # (block, hw)
    return position.addmm_(query, key.mT).softmax(1)


@_gathered.register_fake
def _(query: Tensor, key: Tensor, value: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    return value.new_empty(*query.shape[:2], value.shape[2])


@_gradients.register_fake
def _(
    gradient: Tensor, seen: Tensor, query: Tensor, key: Tensor, value: Tensor, columns: Tensor, rows: Tensor
) -> tuple[Tensor, ...]:
    return tuple(torch.empty_like(part) for part in (query, key, value, columns, rows))


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(output, *inputs)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
    gradients: tuple[Tensor, ...] = _gradients(gradient.contiguous(), *ctx.saved_tensors)
    return gradients


_gathered.register_autograd(_backward, setup_context=_keep)


@register_flop_formula(torch.ops.restore.attend_by_axes)
def _flops(query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object) -> int:
    return 2 * query[0] * query[1] * key[1] * (query[2] + value[2])


@register_flop_formula(torch.ops.restore.attend_by_axes_backward)
def _flops_backward(
    gradient: torch.Size,
    seen: torch.Size,
    query: torch.Size,
    key: torch.Size,
    value: torch.Size,
    *_: object,
    **__: object,
) -> int:
    return 2 * query[0] * query[1] * key[1] * (3 * query[2] + 2 * value[2])
