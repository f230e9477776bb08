"""Softmax attention between the places of maps: without the matrix of all pairs, and by the plain road."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from restore.attention.representation.pairwise import softmax_over_keys


def softmax_gather(query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """What each place of `query` gathers from `value` by softmax(scale * query . key), with no HW x HW matrix.

    Args:
        query: (N, D, h, w).
        key: (N, D, h', w').
        value: (N, C, h', w').
        scale: factor of the logits.

    Returns:
        (N, C, h, w).
    """
    seen = softmax_over_keys(_rows(query), _rows(key), _rows(value), scale)  # (N, hw, C)
    return seen.transpose(1, 2).reshape(-1, value.shape[1], *query.shape[2:])  # (N, C, h, w)


def softmax_affinity(query: Tensor, key: Tensor, scale: float = 1.0, at: tuple[int, int] | None = None) -> Tensor:
    """The weights of `softmax_gather` in full: (N, 1, hw, h'w'), or (N, 1, h', w') of the query at (y, x)."""
    if at is not None:
        query = query[:, :, at[0], at[1], None]  # (N, D, 1)
    logits = scale * query.flatten(2).transpose(1, 2) @ key.flatten(2)  # (N, hw, h'w')
    weights = logits.softmax(-1).unsqueeze(1)  # (N, 1, hw, h'w')
    return weights if at is None else weights.unflatten(3, key.shape[2:]).squeeze(2)


def gather_by(affinity: Tensor, value: Tensor, size: Sequence[int]) -> Tensor:
    """The sums of `value` (N, C, h', w') by the rows of `affinity` (N, hw, h'w') as a map (N, C, h, w) of `size`."""
    return (value.flatten(2) @ affinity.transpose(1, 2)).unflatten(2, list(size))


def _rows(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, HW, C)."""
    return x.flatten(2).transpose(1, 2)
