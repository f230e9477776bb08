"""Channel attention: closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from restore.attention import ChannelAttention
from restore.errors import ConfigError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers


def test_without_weights_the_gate_is_a_half():
    module = ChannelAttention(8, 2)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(1, 8, 3, 4)
    torch.testing.assert_close(module(x), x / 2)


def test_gate_depends_on_the_means_alone():
    module = fill(ChannelAttention(8, 2)).double()
    x = torch.rand(1, 8, 6, 6, dtype=torch.float64)
    shuffled = x.flatten(2)[..., torch.randperm(36)].unflatten(2, (6, 6))
    torch.testing.assert_close(module.gate(shuffled), module.gate(x))
    torch.testing.assert_close(module.gate(x.mean((2, 3), keepdim=True)), module.gate(x))


@pytest.mark.parametrize("reduction", [0, -3, 9])
def test_reduction_out_of_range_is_refused(reduction):
    with pytest.raises(ConfigError, match=f"reduction={reduction}"):
        ChannelAttention(8, reduction)


def test_reduction_need_not_divide():
    assert ChannelAttention(10, 3).squeeze.out_channels == 3


def test_max_squeeze_looks_at_the_largest_value_alone():
    module = fill(ChannelAttention(8, 2, squeeze="max"))
    x = torch.rand(2, 8, 4, 5)
    largest = x.flatten(2).max(2).values[..., None, None]
    torch.testing.assert_close(module.gate(x), module.gate(largest))
    assert not torch.allclose(module.gate(x), fill(ChannelAttention(8, 2)).gate(x))


@pytest.mark.parametrize(
    ("excitation", "expected"),
    [("sigmoid", 1 / (1 + math.exp(2))), ("tanh", math.tanh(-2)), ("relu", 0.0)],
)
def test_excitation_is_the_last_function(excitation, expected):
    module = ChannelAttention(8, 2, excitation=excitation)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(module.excite.bias, -2)
    gate = module.gate(torch.rand(1, 8, 3, 3))
    torch.testing.assert_close(gate, torch.full_like(gate, expected))


def test_without_bias_a_black_picture_has_the_gate_a_half():
    module = fill(ChannelAttention(8, 2, bias=False))
    assert list(module.state_dict()) == ["squeeze.weight", "excite.weight"]
    assert (module.gate(torch.zeros(1, 8, 3, 3)) == 0.5).all()


@pytest.mark.parametrize("option", [{"squeeze": "median"}, {"excitation": "softmax"}])
def test_unknown_choice_is_refused(option):
    with pytest.raises(ConfigError, match=next(iter(option.values()))):
        ChannelAttention(8, 2, **option)


@pytest.mark.parametrize("excitation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("channels", "reduction", "height", "width"), [(16, 4, 5, 4), (10, 3, 1, 1), (48, 16, 9, 16)], ids=str
)
def test_equals_timm(channels, reduction, height, width, bias, excitation):
    theirs = timm_layers().SEModule(channels, rd_channels=channels // reduction, bias=bias, gate_layer=excitation)
    ours = ChannelAttention(channels, reduction, excitation=excitation, bias=bias)
    adopt(ours, theirs, {"fc1": "squeeze", "fc2": "excite"})
    assert_equals(ours, theirs, 2, channels, height, width)


def test_bottleneck_is_not_rounded_as_timm_s():
    """timm's width is a multiple of 8; ours is the paper's C / r."""
    assert timm_layers().SEModule(48).fc1.out_channels == 8
    assert ChannelAttention(48).squeeze.out_channels == 3
