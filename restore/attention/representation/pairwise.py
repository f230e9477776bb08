"""Sums over all pairs of places without the matrix of pairs: what the non-local modules compute with.

Everywhere query is (N, Q, E), key (N, K, E), value (N, K, V) and the result (N, Q, V).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn import functional as F

from restore.attention.representation.fused import fused_attention

_BLOCK = 1 << 18
"""Pairs that are held at one time on a CPU, whose cache they fit; 64 times as many elsewhere."""


def softmax_over_keys(query: Tensor, key: Tensor, value: Tensor, scale: float = 1.0) -> Tensor:
    """Return sum_j softmax_j(scale * query_i . key_j) value_j, by a fused kernel."""
    return fused_attention(query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1), scale).squeeze(1)


def softmax_over_queries(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_j softmax_i(query_i . key_j) value_j, keys block by block, also on the way back.

    torch.compile unrolls the loop over the blocks: the graph grows with the square of the number of places (604 nodes
    at 48x48), so compile it for small maps only.
    """
    dtype = torch.promote_types(query.dtype, torch.float32)
    with torch.autocast(query.device.type, enabled=False):
        seen: Tensor = _SoftmaxOverQueries.apply(query.to(dtype), key.to(dtype), value.to(dtype))
    return seen.to(value.dtype)


def log_normalizer_over_queries(query: Tensor, key: Tensor) -> Tensor:
    """Return log sum_i exp(query_i . key_j), (N, K), keys block by block."""
    blocks = key.split(_keys_a_block(query), dim=1)
    return torch.cat([(block @ query.mT).logsumexp(dim=2) for block in blocks], dim=1)


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


class _SoftmaxOverQueries(torch.autograd.Function):
    """The matrix of a block of keys is made again on the way back, so that no more than a block ever lives."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """(N, Q, E), (N, K, E), (N, K, V) -> (N, Q, V)."""
        ctx.save_for_backward(query, key, value)
        size = _keys_a_block(query)
        seen = value.new_zeros(query.shape[0], query.shape[1], value.shape[2])
        for keys, values in zip(key.split(size, dim=1), value.split(size, dim=1), strict=True):
            weight = (keys @ query.mT).softmax(dim=2)  # (N, block, Q)
            seen = seen.baddbmm_(weight.mT, values)
        return seen

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of query, key and value."""
        query, key, value = ctx.saved_tensors
        size = _keys_a_block(query)
        of_query, of_keys, of_values = torch.zeros_like(query), [], []
        for keys, values in zip(key.split(size, dim=1), value.split(size, dim=1), strict=True):
            weight = (keys @ query.mT).softmax(dim=2)  # (N, block, Q)
            of_values.append(weight @ gradient)
            of_logits = weight * (values @ gradient.mT)
            of_logits = of_logits.addcmul_(weight, of_logits.sum(dim=2, keepdim=True), value=-1)
            of_query = of_query.baddbmm_(of_logits.mT, keys)
            of_keys.append(of_logits @ query)
        return of_query, torch.cat(of_keys, dim=1), torch.cat(of_values, dim=1)


def _keys_a_block(query: Tensor) -> int:
    if isinstance(query, FakeTensor):  # multiply-adds are being counted, on tensors that take no memory
        return 1 << 62
    pairs = _BLOCK if query.device.type == "cpu" else _BLOCK << 6
    return max(1, pairs // (query.shape[0] * query.shape[1]))
