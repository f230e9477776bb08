"""CBAM and its channel gate: composition, poolings, options."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from restore.attention import CBAM, PooledChannelAttention
from restore.errors import ConfigError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers

POOLINGS = ("mean", "max", "norm", "log_sum_exp")


def test_the_spatial_gate_sees_the_map_that_the_channel_gate_scaled():
    module = fill(CBAM(8, 2)).double().eval()
    x = torch.randn(2, 8, 6, 5, dtype=torch.float64)
    torch.testing.assert_close(module(x), module.spatial(module.channel(x)))


def test_the_published_normalisation_is_handed_on():
    assert not any("norm" in name for name in CBAM(8, 2).state_dict())
    module = CBAM(8, 2, normalized=True)
    nn.init.constant_(module.spatial.norm.bias, 100.0)  # the gate is wide open
    x = torch.randn(2, 8, 6, 5)
    torch.testing.assert_close(module.eval()(x), module.channel(x))


def test_without_the_spatial_gate_it_is_the_channel_gate():
    module = fill(CBAM(8, 2, spatial=False)).eval()
    x = torch.randn(2, 8, 6, 5)
    assert module.gate(x).shape == (2, 8, 1, 1)
    assert torch.equal(module(x), module.channel(x))
    assert module.context == 0
    assert not any(name.startswith("spatial") for name in module.state_dict())


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [("mean", 2.0), ("max", 3.0), ("norm", 10**0.5), ("log_sum_exp", 3 + math.log1p(math.exp(-2)))],
)
def test_pooling(pooling, expected):
    module = PooledChannelAttention(1, 1, [pooling]).double()
    for layer in (module.squeeze, module.excite):
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
    x = torch.tensor([1.0, 3.0], dtype=torch.float64).reshape(1, 1, 1, 2)
    assert module.gate(x).logit().item() == pytest.approx(expected, rel=1e-9)


def test_each_pooling_brings_its_biases():
    """The bottleneck is applied to each pooling and the results are added, rather than the poolings before it."""
    module = PooledChannelAttention(4, 2, POOLINGS).double()
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(module.excite.bias, 0.25)
    torch.testing.assert_close(module.gate(torch.rand(1, 4, 3, 3).double()).logit(), torch.ones(1, 4, 1, 1).double())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("value", [0.0, 100.0])
def test_all_poolings_have_finite_gradients_on_flat_maps(dtype, value):
    module = fill(CBAM(16, 4, POOLINGS)).to(dtype).eval()
    x = torch.full((1, 16, 5, 4), value, dtype=dtype, requires_grad=True)
    result = module(x)
    result.sum().backward()
    assert result.isfinite().all()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("poolings", [[], ["average"], "mean", ["mean", "lp"]])
def test_other_poolings_are_refused(poolings):
    with pytest.raises(ConfigError, match="log_sum_exp"):
        CBAM(16, poolings=poolings)


@pytest.mark.parametrize("reduction", [0, 9])
def test_reduction_out_of_range_is_refused(reduction):
    with pytest.raises(ConfigError, match=f"reduction={reduction}"):
        CBAM(8, reduction)


TIMM = {"fc1": "squeeze", "fc2": "excite"}
TIMM_BOTH = {f"channel.{theirs}": f"channel.{ours}" for theirs, ours in TIMM.items()}
TIMM_BOTH |= {"spatial.conv.conv": "spatial.conv", "spatial.conv.bn": "spatial.norm"}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("channels", "height", "width"), [(8, 6, 5), (16, 1, 1), (10, 9, 16)])
class TestTimm:
    """timm's bottleneck has no bias by default: that is ours with biases of zero."""

    def test_channel_gate_is_equal(self, channels, height, width, bias):
        theirs = timm_layers().cbam.ChannelAttn(channels, rd_channels=channels // 3, mlp_bias=bias)
        ours = PooledChannelAttention(channels, 3)
        adopt(ours, theirs, TIMM, zeros=not bias)
        assert_equals(ours, theirs, 2, channels, height, width)

    @pytest.mark.parametrize("kernel_size", [3, 7])
    def test_both_gates_are_equal_with_the_order_turned(self, channels, height, width, bias, kernel_size):
        """Before the convolution timm has the mean, then the largest channel; see SpatialAttention's tests."""
        theirs = timm_layers().cbam.CbamModule(
            channels, rd_channels=channels // 3, spatial_kernel_size=kernel_size, mlp_bias=bias
        )
        ours = CBAM(channels, 3, kernel_size=kernel_size, normalized=True)
        adopt(ours, theirs, TIMM_BOTH, zeros=not bias)
        ours.spatial.conv.weight.data = ours.spatial.conv.weight.data.flip(1)
        assert_equals(ours, theirs, 2, channels, height, width)


def test_the_paper_s_form_has_no_normalisation_and_timm_s_always_has():
    assert any(name.startswith("spatial.conv.bn") for name in timm_layers().cbam.CbamModule(16).state_dict())
    assert not any("norm" in name for name in CBAM(16).state_dict())
