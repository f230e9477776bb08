"""Attention-augmented convolution: the paper's formula, the join of heads, sizes."""

from __future__ import annotations

import pytest
import torch

from restore.attention import AttentionAugmentedConv
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

from .memory import Memory


def build(**options: object) -> AttentionAugmentedConv:
    chosen = {"key_width": 4, "value_width": 6, "heads": 2, **options}
    return fill(AttentionAugmentedConv(3, 10, **chosen)).double()


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_pair_of_places_has_the_energy_of_the_paper():
    module, x = build(size=(5, 6)), rand(1, 3, 4, 6)
    query, key, value = module.query_key_value(x)[0].split([4, 4, 6])
    seen = torch.zeros(6, 4, 6, dtype=torch.float64)
    for head in range(2):
        q, k, v = query[2 * head : 2 * head + 2], key[2 * head : 2 * head + 2], value[3 * head : 3 * head + 3]
        for y in range(4):
            for x_ in range(6):
                energy = torch.stack(
                    [
                        q[:, y, x_] @ (k[:, r, c] + module.column_position[c - x_ + 5] + module.row_position[r - y + 4])
                        for r in range(4)
                        for c in range(6)
                    ]
                )
                weights = (energy / 2**0.5).softmax(0)
                seen[3 * head : 3 * head + 3, y, x_] = v.flatten(1) @ weights
    torch.testing.assert_close(module(x)[:, 4:], module.project(seen.unsqueeze(0)))
    torch.testing.assert_close(module(x)[:, :4], module.conv(x))


@pytest.mark.parametrize("published", [False, True])
def test_shuffling_places_shuffles_the_result_unless_heads_are_joined_as_published(published):
    module, x = build(kernel_size=1, transposed_merge=published), rand(1, 3, 4, 6)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(1))
    shuffled = module(x.flatten(2)[..., order].view(x.shape)).flatten(2)
    assert torch.allclose(shuffled, module(x).flatten(2)[..., order]) != published


@pytest.mark.parametrize(("stride", "size"), [(1, None), (2, None), (2, (3, 4))])
@pytest.mark.parametrize("query_kernel_size", [1, 3])
def test_stride_acts_on_both_halves(stride, size, query_kernel_size):
    result = build(stride=stride, size=size, query_kernel_size=query_kernel_size)(rand(2, 3, 5, 7))
    assert result.shape == (2, 10, -(-5 // stride), -(-7 // stride))


def test_memory_has_no_matrix_of_all_pairs():
    module = build(size=(32, 32)).float()
    with Memory() as memory:
        module(torch.rand(1, 3, 32, 32).requires_grad_()).sum().backward()
    assert memory.largest <= 2 * 1024 * (2 + 64 + 8)


def test_compiles_without_graph_breaks():
    torch.compiler.reset()
    module, x = build(size=(6, 6)), rand(1, 3, 6, 5)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))


@pytest.mark.parametrize("size", [None, (4, 4)])
def test_gradients_are_finite_on_one_flat_pixel(size):
    module = build(size=size)
    x = torch.full((1, 3, 1, 1), 0.5, dtype=torch.float64, requires_grad=True)
    module(x).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in (x, *module.parameters()))


def test_misfits_are_refused():
    with pytest.raises(ShapeError, match="4x7"):
        build(size=(6, 6))(rand(1, 3, 4, 7))
    with pytest.raises(ShapeError, match="3, H, W"):
        build()(rand(1, 4, 4, 7))
    with pytest.raises(ConfigError, match="heads=4"):
        build(heads=4)
    with pytest.raises(ConfigError, match="value_width=10"):
        build(value_width=10)
    with pytest.raises(ConfigError, match="odd"):
        build(kernel_size=2)
    with pytest.raises(ConfigError, match="numbers from 1"):
        build(size=(0, 4))
