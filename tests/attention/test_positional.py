"""Attention with terms of column and row: both roads against the formula, what blocks hold, what a compiler sees."""

from __future__ import annotations

import pytest
import torch

from restore.attention import AttentionAugmentedConv, GeneralizedAttention
from restore.attention.representation import positional
from restore.attention.representation.positional import attend, energy
from restore.inference.cost import peak_memory
from tests.parity.rules import fill


def operands(n, heads, queries, h, w, width, value_width, dtype=torch.float64):
    sides = (queries, width), (h * w, width), (h * w, value_width), (queries, w), (queries, h)
    return [
        torch.randn(n, heads, *side, generator=torch.Generator().manual_seed(i), dtype=dtype).requires_grad_()
        for i, side in enumerate(sides)
    ]


@pytest.mark.parametrize("least", [0, 1 << 60], ids=["blocks", "fused"])
@pytest.mark.parametrize("width", [0, 4])
@pytest.mark.parametrize("queries_a_block", [1, 8, 1000])
def test_equals_the_formula_forward_and_back(least, width, queries_a_block, monkeypatch):
    monkeypatch.setattr(positional, "_LEAST_PAIRS", least)
    monkeypatch.setattr(positional, "_BLOCK", 42 * queries_a_block)
    parts = operands(2, 3, 50, 7, 6, width, 5)
    query, key, value, columns, rows = parts
    plain = energy(query, key, columns, rows).softmax(3) @ value
    ours = attend(*parts)
    torch.testing.assert_close(ours, plain, rtol=1e-11, atol=1e-12)
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    for one, other in zip(
        *(torch.autograd.grad((result * weight).sum(), parts) for result in (ours, plain)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_is_an_operator_as_torch_wants_it():
    parts = [part.detach()[0].contiguous().requires_grad_() for part in operands(1, 2, 6, 2, 3, 4, 5)]
    torch.library.opcheck(torch.ops.restore.attend_by_axes.default, parts)


@pytest.mark.parametrize("least", [0, 1 << 60], ids=["blocks", "fused"])
def test_in_half_precision_and_under_autocast(least, monkeypatch):
    monkeypatch.setattr(positional, "_LEAST_PAIRS", least)
    parts = [part.detach().bfloat16() for part in operands(1, 2, 12, 3, 4, 4, 5)]
    exact = attend(*(part.double() for part in parts))
    for result in (attend(*parts), _autocast(parts)):
        assert result.dtype == torch.bfloat16
        torch.testing.assert_close(result.double(), exact, rtol=0.05, atol=0.05)


def _autocast(parts):
    with torch.autocast("cpu", torch.bfloat16):
        return attend(*parts)


def test_blocks_are_held_one_at_a_time():
    module = fill(GeneralizedAttention(16, key_stride=1))
    x = torch.rand(1, 16, 64, 64, requires_grad=True)
    block, terms = 4 * positional._BLOCK, 4 * 8 * 64**2 * 128
    assert peak_memory(lambda: module(x)) < 4 * block + 3 * terms
    assert 4 * block + 3 * terms < 8 * 4 * 64**4 / 4  # the matrices of eight heads
    assert peak_memory(lambda: module(x).sum().backward()) < 8 * 4 * 64**4 / 4


@pytest.mark.parametrize(
    "build", [GeneralizedAttention, lambda channels: AttentionAugmentedConv(channels, 16, 16, 8, size=(20, 20))]
)
def test_large_maps_compile_into_one_operator(build):
    torch.compiler.reset()
    module = fill(build(16))
    x = torch.rand(1, 16, 20, 20, generator=torch.Generator().manual_seed(0)).requires_grad_()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), module(x))
    torch.testing.assert_close(*(torch.autograd.grad(road(x).square().sum(), x)[0] for road in (compiled, module)))
