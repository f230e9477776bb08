"""Layer normalization of feature maps, and the gated feed-forward network."""

from __future__ import annotations

import pytest
import torch

from restore.errors import ConfigError
from restore.layers import BiasFreeNorm2d, GatedFeedForward, LayerNorm2d
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers

NORMS = [LayerNorm2d, BiasFreeNorm2d]


def test_each_pixel_is_normalized_over_its_channels():
    norm = fill(LayerNorm2d(6)).double()
    x = 3 + 2 * torch.rand(2, 6, 4, 5, dtype=torch.float64)
    mean, variance = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
    expected = (x - mean) / (variance + 1e-6).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(norm(x), expected, rtol=1e-12, atol=1e-12)


def test_the_form_without_a_bias_keeps_the_mean():
    norm = BiasFreeNorm2d(6).double()
    x = torch.rand(2, 6, 4, 5, dtype=torch.float64)
    lifted = norm(x + 10)
    assert norm.state_dict().keys() == {"weight"}
    torch.testing.assert_close(norm(x), x / (x.var(1, correction=0, keepdim=True) + 1e-5).sqrt())
    torch.testing.assert_close(lifted.var(1, correction=0), norm(x).var(1, correction=0))
    assert lifted.mean() > 20
    assert LayerNorm2d(6)(x.float() + 10).mean().abs() < 1e-4


@pytest.mark.parametrize("eps", [1e-6, 1e-5])
@pytest.mark.parametrize("shape", [(2, 6, 4, 5), (1, 16, 1, 1), (3, 2, 9, 7)], ids=str)
def test_equals_timm(shape, eps):
    ours, theirs = LayerNorm2d(shape[1], eps), timm_layers().LayerNorm2d(shape[1], eps)
    adopt(ours, theirs, {})
    assert_equals(ours, theirs, *shape)


@pytest.mark.parametrize("cls", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("value", [0.0, 0.5, 1000.0])
def test_flat_pixels_give_finite_results_and_gradients(cls, dtype, value):
    norm = cls(4).to(dtype)
    x = torch.full((1, 4, 1, 3), value, dtype=dtype, requires_grad=True)
    result = norm(x)
    result.sum().backward()
    assert result.dtype == dtype
    assert result.isfinite().all()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("cls", NORMS)
def test_half_precision_loses_no_more_than_its_own_rounding(cls):
    x = (50 + torch.rand(1, 32, 6, 6)).bfloat16()
    exact = cls(32).double()(x.double())
    found = cls(32).bfloat16()(x)
    assert (found.double() - exact).abs().max() <= 2**-7 * exact.abs().max()


def test_the_gate_closes_where_it_is_far_below_nought():
    layer = fill(GatedFeedForward(3, 2.0, bias=True))
    x = torch.rand(1, 3, 4, 4)
    assert (layer(x) - layer.project.bias[:, None, None]).abs().max() > 1e-3
    torch.nn.init.constant_(layer.depthwise.bias[: layer.project.in_channels], -1e4)
    torch.testing.assert_close(layer(x), layer.project.bias[None, :, None, None].expand(1, 3, 4, 4))


@pytest.mark.parametrize(("channels", "expand", "hidden"), [(9, 2.66, 23), (48, 2.66, 127), (4, 0.25, 1)])
def test_fractions_of_a_channel_are_dropped(channels, expand, hidden):
    assert GatedFeedForward(channels, expand).project.in_channels == hidden


@pytest.mark.parametrize(
    "make",
    [
        lambda: LayerNorm2d(0),
        lambda: LayerNorm2d(4, eps=0),
        lambda: BiasFreeNorm2d(-1),
        lambda: BiasFreeNorm2d(4, eps=-1e-5),
        lambda: GatedFeedForward(4, 0.2),
        lambda: GatedFeedForward(0),
    ],
)
def test_impossible_options_are_refused(make):
    with pytest.raises(ConfigError, match="got"):
        make()
