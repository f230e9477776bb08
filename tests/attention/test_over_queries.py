"""Softmax over queries: blocks against the matrix, what they hold, and what a compiler and a counter see of them."""

from __future__ import annotations

import pytest
import torch

from restore.attention import NonLocalAttention
from restore.attention.representation import over_queries
from restore.attention.representation.over_queries import softmax_over_queries
from restore.inference.cost import multiply_adds, peak_memory
from tests.parity.rules import fill

MIB = 1 << 20


def operands(n, queries, keys, width, value_width, dtype=torch.float64):
    shapes = (n, queries, width), (n, keys, width), (n, keys, value_width)
    drawn = [torch.randn(s, generator=torch.Generator().manual_seed(i), dtype=dtype) for i, s in enumerate(shapes)]
    return [one.requires_grad_() for one in drawn]


@pytest.mark.parametrize("keys_a_block", [1, 3, 100])
def test_equals_the_matrix_forward_and_back(keys_a_block, monkeypatch):
    monkeypatch.setattr(over_queries, "_BLOCK", 2 * 9 * keys_a_block)
    query, key, value = operands(2, 9, 7, 4, 3)
    plain = (query @ key.mT).softmax(1) @ value
    ours = softmax_over_queries(query, key, value)
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=1e-13)
    weight = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for one, other in zip(
        *(torch.autograd.grad((result * weight).sum(), (query, key, value)) for result in (ours, plain)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-13)


def test_is_an_operator_as_torch_wants_it():
    torch.library.opcheck(torch.ops.restore.softmax_over_queries.default, operands(2, 5, 4, 3, 2))


def test_blocks_are_held_one_at_a_time():
    x = torch.rand(1, 16, 64, 64, requires_grad=True)
    module = fill(NonLocalAttention(16, normalize_over="queries"))
    block = 4 * over_queries._BLOCK
    assert peak_memory(lambda: module(x)) < 4 * block
    assert peak_memory(lambda: module(x).sum().backward()) < 6 * block
    assert 6 * block < 4 * 64**4  # one matrix
    with torch.no_grad():
        assert peak_memory(lambda: module.affinity(x)) >= 4 * 64**4  # the measure sees one


def test_a_compiled_graph_does_not_grow_with_the_map():
    sizes = []

    def counted(graph, _):
        sizes.append(len(graph.graph.nodes))
        return graph.forward

    module = NonLocalAttention(8, normalize_over="queries")
    for side in (4, 40):
        torch.compiler.reset()
        torch.compile(module, fullgraph=True, backend=counted, dynamic=False)(torch.rand(1, 8, side, side))
    assert sizes[0] == sizes[1]


def test_compiled_it_computes_and_learns_the_same():
    torch.compiler.reset()
    module = fill(NonLocalAttention(8, normalize_over="queries"))
    x = torch.rand(1, 8, 6, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), module(x))
    gradients = [torch.autograd.grad(road(x).square().sum(), x)[0] for road in (compiled, module)]
    torch.testing.assert_close(*gradients)


def test_multiply_adds_are_counted_and_nothing_is_computed(monkeypatch):
    monkeypatch.setattr(over_queries, "_keys_a_block", None)  # what computes would fail
    block = NonLocalAttention(4, normalize_over="queries")
    convolutions, products = 4 * 30 * 4 * 2, 2 * 30 * 30 * 2
    assert multiply_adds(block, torch.rand(1, 4, 6, 5)) == convolutions + products
