"""Softmax over the queries, which RNAN's published code has, without the matrix of pairs.

Keys come block by block, also on the way back. To torch.compile both ways are single operators, whose graph does not
grow with the map.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.library import custom_op
from torch.utils.flop_counter import register_flop_formula

_BLOCK = 1 << 19
"""Pairs that are held at one time on a CPU, whose cache they fit; 64 times as many elsewhere."""


def softmax_over_queries(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_j softmax_i(query_i . key_j) value_j: (N, Q, E), (N, K, E), (N, K, V) -> (N, Q, V)."""
    dtype = torch.promote_types(query.dtype, torch.float32)
    with torch.autocast(query.device.type, enabled=False):
        query, key, exact = (part.to(dtype) for part in (query, key, value))
        if torch.compiler.is_exporting():  # other runtimes know no operators of ours
            seen: Tensor = (key @ query.mT).softmax(dim=2).mT @ exact
        else:
            seen = _gathered(query, key, exact)
    return seen.to(value.dtype)


def log_normalizer_over_queries(query: Tensor, key: Tensor) -> Tensor:
    """Return log sum_i exp(query_i . key_j), (N, K), keys block by block."""
    blocks = key.split(_keys_a_block(query), dim=1)
    return torch.cat([(block @ query.mT).logsumexp(dim=2) for block in blocks], dim=1)


@custom_op("restore::softmax_over_queries", mutates_args=())
def _gathered(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    size = _keys_a_block(query)
    seen = value.new_zeros(query.shape[0], query.shape[1], value.shape[2])
    for keys, values in zip(key.split(size, dim=1), value.split(size, dim=1), strict=True):
        weight = (keys @ query.mT).softmax(dim=2)  # (N, block, Q)
        seen = seen.baddbmm_(weight.mT, values)
    return seen


@custom_op("restore::softmax_over_queries_backward", mutates_args=())
def _gradients(gradient: Tensor, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of query, key and value; the weights of a block are made again."""
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


@_gathered.register_fake
def _(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return value.new_empty(query.shape[0], query.shape[1], value.shape[2])


@_gradients.register_fake
def _(gradient: Tensor, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _gradients(gradient, *ctx.saved_tensors)


_gathered.register_autograd(_backward, setup_context=_keep)


@register_flop_formula(torch.ops.restore.softmax_over_queries)
def _flops(query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object) -> int:
    return 2 * query[0] * query[1] * key[1] * (query[2] + value[2])


@register_flop_formula(torch.ops.restore.softmax_over_queries_backward)
def _flops_backward(
    gradient: torch.Size, query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object
) -> int:
    return 2 * query[0] * query[1] * key[1] * (3 * query[2] + 2 * value[2])


def _keys_a_block(query: Tensor) -> int:
    pairs = _BLOCK if query.device.type == "cpu" else _BLOCK << 6
    return max(1, pairs // (query.shape[0] * query.shape[1]))
