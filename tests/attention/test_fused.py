"""Softmax attention by the fused kernel: the formula forward and back, whatever parts the queries are dealt into."""

from __future__ import annotations

import pytest
import torch

from restore.attention.representation import fused
from restore.attention.representation.fused import fused_attention

from .memory import Memory

MIB = 1 << 20


@pytest.fixture
def threads(request):
    """Lets torch say that it has as many threads; no more run than before."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def operands(n, heads, queries, keys, width, value_width, dtype=torch.float64):
    shapes = (n, heads, queries, width), (n, heads, keys, width), (n, heads, keys, value_width)
    return [drawn(*shape, seed=seed, dtype=dtype).requires_grad_() for seed, shape in enumerate(shapes)]


@pytest.mark.parametrize("threads", [1, 2, 3, 7], indirect=True)
@pytest.mark.parametrize(
    ("n", "heads", "queries", "keys", "width", "value_width"),
    [(1, 1, 1001, 700, 12, 5), (2, 1, 1024, 700, 5, 12), (1, 3, 1001, 700, 8, 8), (1, 1, 3, 2, 1, 1)],
)
def test_equals_the_formula_forward_and_back(n, heads, queries, keys, width, value_width, threads):
    query, key, value = operands(n, heads, queries, keys, width, value_width)
    weight = drawn(n, heads, queries, value_width, seed=3)
    plain = (0.7 * query @ key.mT).softmax(3) @ value
    ours = fused_attention(query, key, value, 0.7)
    assert ours.shape == plain.shape
    torch.testing.assert_close(ours, plain, rtol=1e-11, atol=1e-12)
    for one, other in zip(
        *(torch.autograd.grad((result * weight).sum(), (query, key, value)) for result in (ours, plain)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("threads", [8], indirect=True)
def test_queries_are_dealt_out_where_a_way_back_wants_threads(threads):
    query, key, _ = operands(1, 1, 16384, 16384, 32, 32, torch.float32)
    assert fused._parts(query, key) == 2  # more would hold more bytes than a hundredth of the matrix
    assert fused._parts(*operands(1, 1, 65536, 1024, 32, 1, torch.float32)[:2]) == 8
    assert fused._parts(*operands(8, 1, 1024, 1024, 8, 8, torch.float32)[:2]) == 1  # a thread each as it is
    assert fused._parts(*operands(1, 1, 64, 64, 8, 8, torch.float32)[:2]) == 1
    with torch.no_grad():
        assert fused._parts(query, key) == 1


@pytest.mark.parametrize("threads", [1, 8], indirect=True)
def test_bytes_stay_below_a_hundredth_of_the_matrix(threads):
    operands_ = operands(1, 1, 128 * 128, 128 * 128, 32, 32, torch.float32)
    with Memory() as memory:
        fused_attention(*operands_).sum().backward()
    assert memory.peak < 3 * 1024 * MIB / 100  # plain: logits, weights and their gradient
    assert memory.largest <= 2 * 128 * 128 * 32
