"""Style attention: what of the style matters, and how sizes may differ."""

from __future__ import annotations

import pytest
import torch

from restore.attention import StyleAttention, StyleTransform
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

from .memory import Memory


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def test_affinity_is_what_forward_uses():
    module, content, style = fill(StyleAttention(6)).double(), rand(2, 6, 4, 5), rand(2, 6, 3, 7)
    seen = module.affinity(content, style) @ module.value(style).flatten(2).transpose(1, 2).unsqueeze(1)
    expected = content + module.project(seen.squeeze(1).transpose(1, 2).reshape(content.shape))
    torch.testing.assert_close(module(content, style), expected)


def test_a_flat_style_is_given_to_every_place():
    module, content = fill(StyleAttention(6)).double(), rand(2, 6, 4, 5)
    style = rand(2, 6, 1, 1)
    expected = content + module.project(module.value(style))
    torch.testing.assert_close(module(content, style.expand(-1, -1, 3, 3)), expected)
    torch.testing.assert_close(module(content, style), expected)  # a single pixel: no variance, no NaN


def test_where_in_the_style_a_place_lies_does_not_matter():
    module, content, style = fill(StyleAttention(6)).double(), rand(1, 6, 4, 5), rand(1, 6, 3, 7)
    shuffled = style.flatten(2)[..., torch.randperm(21)].view(1, 6, 7, 3)
    torch.testing.assert_close(module(content, shuffled), module(content, style))


def test_contrast_does_not_change_who_resembles_whom():
    module, content, style = fill(StyleAttention(6)).double(), 100 * rand(1, 6, 4, 5), 100 * rand(1, 6, 3, 7)
    torch.testing.assert_close(
        module.affinity(3 * content + 5, 7 * style - 2), module.affinity(content, style), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 3), (4, 4)])
def test_gradients_are_finite_where_maps_are_flat(dtype, h, w):
    module = fill(StyleAttention(8)).to(dtype)
    content, style = (torch.full((1, 8, h, w), 0.5, dtype=dtype, requires_grad=True) for _ in range(2))
    result = module(content, style)
    result.sum().backward()
    assert result.dtype == dtype
    assert all(value.isfinite().all() for value in (result, content.grad, style.grad))


def test_memory_has_no_matrix_of_all_pairs():
    module = fill(StyleAttention(8))
    content, style = torch.rand(1, 8, 32, 32, requires_grad=True), torch.rand(1, 8, 24, 24, requires_grad=True)
    with Memory() as memory:
        module(content, style).sum().backward()
    assert memory.largest <= 2 * 8 * 1024  # of two parts, where there are two threads


@pytest.mark.parametrize(("h", "w"), [(1, 1), (2, 1), (4, 6)])
def test_the_coarse_map_is_taken_up_to_the_fine_one(h, w):
    module = fill(StyleTransform(4))
    coarse = torch.rand(1, 4, (h + 1) // 2, (w + 1) // 2)
    assert module(torch.rand(1, 4, h, w), torch.rand(1, 4, 5, 5), coarse, coarse).shape == (1, 4, h, w)


def test_two_scales_compile():
    torch.compiler.reset()
    module = fill(StyleTransform(4))
    maps = [torch.rand(1, 4, 4, 6), torch.rand(1, 4, 3, 3), torch.rand(1, 4, 2, 3), torch.rand(1, 4, 2, 2)]
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(*maps), module(*maps))


def test_misfits_are_refused():
    with pytest.raises(ConfigError, match="channels=0"):
        StyleAttention(0)
    with pytest.raises(ShapeError, match=r"\(1, 5, 3, 3\)"):
        StyleAttention(4)(torch.rand(1, 4, 3, 3), torch.rand(1, 5, 3, 3))
