"""Softmax attention by torch's fused kernel, in the one form that builds no matrix of pairs on a CPU.

The kernel's way back runs one thread a head (pytorch/pytorch pull request 104693): a map of one head would use one
core. So queries are dealt out to as many heads as there are threads; each sees all keys, whose gradients add up.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_ALIGNMENT = 8
"""Fused kernels of GPUs want widths that are multiples of this."""
_LEAST_PAIRS = 1 << 18
"""Pairs of query and key a head below which there is nothing to gain."""
_SMALL = 256
"""Each part has gradients of its own for all keys: more than two parts are made where all of these together are this
many times smaller than the matrix of pairs."""


def fused_attention(query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """Return softmax(scale * query key^T) value, in memory that grows with the number of places.

    Args:
        query: (N, heads, Q, E).
        key: (N, heads, K, E).
        value: (N, heads, K, V).
        scale: factor of the logits.

    Returns:
        (N, heads, Q, V).
    """
    width = max(query.shape[3], value.shape[3])
    width += -width % _ALIGNMENT
    query, key, wide = (_widened(part, width) for part in (query, key, value))  # (N, heads, Q or K, width)
    parts = _parts(query, key)
    if parts == 1:
        return F.scaled_dot_product_attention(query, key, wide, scale=scale)[..., : value.shape[3]]
    n, heads, places = query.shape[:3]
    dealt = F.pad(query, (0, 0, 0, -places % parts)).view(n * heads, parts, -1, width)  # the last part is filled up
    key, wide = (x.view(n * heads, 1, -1, width).expand(-1, parts, -1, -1) for x in (key, wide))  # shared, not copied
    seen = F.scaled_dot_product_attention(dealt, key, wide, scale=scale)  # (N * heads, parts, Q / parts, width)
    return seen.reshape(n, heads, -1, width)[:, :, :places, : value.shape[3]]


def _parts(query: Tensor, key: Tensor) -> int:
    """Into how many heads the queries of one are dealt out."""
    needs_way_back = torch.is_grad_enabled() and (query.requires_grad or key.requires_grad)
    if not needs_way_back or query.device.type != "cpu" or query.shape[2] * key.shape[2] < _LEAST_PAIRS:
        return 1
    threads_a_head = -(-_threads() // (query.shape[0] * query.shape[1]))
    return min(threads_a_head, max(2, query.shape[2] // (_SMALL * query.shape[3])))


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _threads() -> int:
    """A number that torch.compile takes as it finds it."""
    return torch.get_num_threads()


def _widened(part: Tensor, width: int) -> Tensor:
    """Zeros after the last axis up to `width`; contiguous."""
    missing = width - part.shape[3]
    return F.pad(part, (0, missing)) if missing else part.contiguous()
