"""Layer attention: closed forms."""

from __future__ import annotations

import pytest
import torch

from restore.attention import LayerAttention
from restore.errors import ShapeError


def opened(negated: bool = False) -> LayerAttention:
    module = LayerAttention(negated)
    torch.nn.init.ones_(module.scale)
    return module


def test_a_fresh_module_returns_the_layers_side_by_side():
    features = torch.rand(2, 3, 4, 5, 6)
    assert torch.equal(LayerAttention()(features), features.view(2, 12, 5, 6))


def test_one_layer_attends_to_itself():
    features = torch.rand(2, 1, 4, 5, 6)
    torch.testing.assert_close(opened()(features), 2 * features.squeeze(1))


@pytest.mark.parametrize(("negated", "sign"), [(False, 1), (True, -1)])
def test_the_products_are_softened_with_their_sign(negated, sign):
    first, second = torch.rand(1, 2, 3, 4, dtype=torch.float64), torch.rand(1, 2, 3, 4, dtype=torch.float64)
    features = torch.stack([first, second], 1)
    weight = torch.sigmoid(sign * ((first * first).sum() - (first * second).sum()))  # of the first for the first
    expected = first + weight * first + (1 - weight) * second
    torch.testing.assert_close(opened(negated)(features)[:, :2], expected)


def test_the_order_of_layers_does_not_matter():
    features, order = torch.rand(2, 4, 3, 5, 6, dtype=torch.float64), [2, 0, 3, 1]
    module = opened(negated=True)
    result = module(features).unflatten(1, (4, 3))
    torch.testing.assert_close(module(features[:, order]).unflatten(1, (4, 3)), result[:, order])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_large_features_stay_finite(dtype):
    features = torch.full((1, 3, 8, 16, 16), 200.0, dtype=dtype, requires_grad=True)
    result = opened(negated=True).to(dtype)(features)
    result.sum().backward()
    assert result.dtype == dtype
    assert result.isfinite().all()
    assert features.grad.isfinite().all()


@pytest.mark.parametrize("negated", [False, True])
def test_products_are_in_float32_under_autocast(negated):
    features = 1 + 0.1 * torch.randn(1, 3, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    module = LayerAttention(negated)
    exact = module.affinity(features.double())
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(module.affinity(features).double(), exact, rtol=1e-4, atol=1e-5)


def test_a_single_map_is_refused():
    with pytest.raises(ShapeError, match="stack"):
        LayerAttention()(torch.rand(2, 3, 4, 5))
