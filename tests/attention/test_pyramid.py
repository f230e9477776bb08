"""Feature pyramid attention and global attention upsampling: reach, sizes, closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import FeaturePyramidAttention, GlobalAttentionUpsample
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill


def test_gate_reaches_as_far_as_context_says():
    module = FeaturePyramidAttention(4).double().eval()
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.1)  # all positive: no ReLU hides a path
    reach = 0
    for middle in range(80, 88):  # every phase of the coarsest scale
        x = torch.ones(1, 4, 8, 160, dtype=torch.float64, requires_grad=True)
        module.gate(x)[0, 0, 4, middle].backward()
        columns = x.grad.abs().sum((0, 1, 2)).nonzero().flatten()
        reach = max(reach, middle - columns.min().item(), columns.max().item() - middle)
    assert reach == module.context


def test_pooled_map_sees_the_picture_and_not_the_padding():
    module = fill(FeaturePyramidAttention(8)).double().eval()
    x = torch.rand(1, 8, 5, 7, dtype=torch.float64)
    nn.init.zeros_(module.master[0].weight)
    nn.init.zeros_(module.master[1].bias)
    module.master[1].running_mean.zero_()
    expected = module.pool(x.mean((2, 3), keepdim=True)).relu().expand_as(x)
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize("reduction", [0, -2, 9])
def test_reduction_out_of_range_is_refused(reduction):
    with pytest.raises(ConfigError, match=f"reduction={reduction}"):
        FeaturePyramidAttention(8, reduction)


def test_reduction_is_the_width_of_the_pyramid():
    assert FeaturePyramidAttention(12, reduction=5).down[0][0].out_channels == 2


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 8), (5, 9)])
def test_upsampled_map_has_the_size_of_the_shallow_one(height, width):
    module = fill(GlobalAttentionUpsample(6, 4)).double().eval()
    high = torch.rand(2, 6, -(-height // 2), -(-width // 2), dtype=torch.float64)
    low = torch.rand(2, 4, height, width, dtype=torch.float64)
    result = module(high, low)
    assert result.shape == low.shape
    apart = torch.cat([module(one, other) for one, other in zip(high.split(1), low.split(1), strict=True)])
    torch.testing.assert_close(result, apart)


@pytest.mark.parametrize("upsample", [True, False])
def test_shallow_map_is_chosen_by_the_mean_of_the_deep_one(upsample):
    module = fill(GlobalAttentionUpsample(6, 4, upsample)).double().eval()
    nn.init.zeros_(module.up[0].weight)
    size = 8 if upsample else 4
    high, low = torch.rand(1, 6, 4, 4, dtype=torch.float64), torch.rand(1, 4, size, size, dtype=torch.float64)
    turned = high.flip(2, 3)
    torch.testing.assert_close(module(turned, low), module(high, low))
    assert not torch.allclose(module(high**2, low), module(high, low))


@pytest.mark.parametrize(
    ("high", "low"),
    [
        ((1, 5, 4, 4), (1, 4, 8, 8)),
        ((1, 6, 4, 4), (1, 5, 8, 8)),
        ((1, 6, 4, 4), (1, 4, 9, 8)),
        ((1, 6, 4, 4), (1, 4, 4, 4)),
        ((6, 4, 4), (4, 8, 8)),
    ],
)
def test_maps_that_do_not_fit_are_refused(high, low):
    with pytest.raises(ShapeError, match="GlobalAttentionUpsample expects"):
        GlobalAttentionUpsample(6, 4)(torch.rand(high), torch.rand(low))


@pytest.mark.parametrize(("channels", "low_channels"), [(0, 4), (4, -1)])
def test_widths_below_one_are_refused(channels, low_channels):
    with pytest.raises(ConfigError, match=f"channels={channels}, low_channels={low_channels}"):
        GlobalAttentionUpsample(channels, low_channels)
