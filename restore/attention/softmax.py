"""Softmax attention between the places of maps, by a road without the matrix of all pairs and by the plain one.

Paper: Rabe and Staats, "Self-attention Does Not Need O(n^2) Memory", 2021, https://arxiv.org/abs/2112.05682 (the road)
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F


def softmax_gather(query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """What each place of `query` gathers from `value` by softmax(scale * query . key), with no HW x HW matrix.

    Torch's fused kernels want one width for all three, on GPUs a multiple of 8: the narrower ones are filled up with
    noughts, which change no product.

    Args:
        query: (N, D, h, w).
        key: (N, D, h', w').
        value: (N, C, h', w').
        scale: factor of the logits.

    Returns:
        (N, C, h, w).
    """
    channels = value.shape[1]
    width = -(-max(query.shape[1], channels) // 8) * 8
    seen = F.scaled_dot_product_attention(
        _rows(query, width), _rows(key, width), _rows(value, width), scale=scale
    )  # (N, 1, hw, width)
    return seen[:, 0, :, :channels].transpose(1, 2).reshape(-1, channels, *query.shape[2:])  # (N, C, h, w)


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


def _rows(x: Tensor, width: int) -> Tensor:
    """(N, D, h, w) -> (N, 1, hw, width)."""
    rows = x.flatten(2).transpose(1, 2)  # (N, hw, D)
    return F.pad(rows, (0, width - rows.shape[2])).unsqueeze(1).contiguous()
