"""Sums over all pairs of places without the matrix of pairs: what the non-local modules compute with.

Everywhere query is (N, Q, E), key (N, K, E), value (N, K, V) and the result (N, Q, V).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.attention.representation.fused import fused_attention


def softmax_over_keys(query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """Return sum_j softmax_j(scale * query_i . key_j) value_j, by a fused kernel."""
    return fused_attention(query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1), scale).squeeze(1)


def dot_product(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_j (query_i . key_j) value_j / K, as query (key^T value): linear in the number of places."""
    return query @ (key.mT @ (value / key.shape[1]))  # (N, Q, E) x (N, E, V)


def rectified_sum(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_j relu(query_i + key_j) value_j / K for scalars query (N, Q) and key (N, K).

    The keys that a query sees are those above -query_i: with the keys sorted, the sum is query_i times one prefix sum
    (of value) plus another (of key * value). Exact, O(K log K); the prefix sums are in float64.
    """
    dtype = torch.float64
    falling, order = key.to(dtype).sort(dim=1, descending=True, stable=True)
    value_there = value.to(dtype).gather(1, order.unsqueeze(2).expand_as(value))
    terms = torch.cat([value_there, falling.unsqueeze(2) * value_there], dim=2)  # (N, K, 2V)
    prefix = F.pad(terms, (0, 0, 1, 0)).cumsum(dim=1)  # (N, K + 1, 2V)
    seen_keys = torch.searchsorted(-falling.detach(), query.detach().to(dtype).contiguous())  # (N, Q)
    plain, weighted = prefix.gather(1, seen_keys.unsqueeze(2).expand(-1, -1, terms.shape[2])).chunk(2, dim=2)
    return ((query.to(dtype).unsqueeze(2) * plain + weighted) / key.shape[1]).to(value.dtype)  # (N, Q, V)
