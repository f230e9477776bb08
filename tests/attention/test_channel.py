"""Channel attention: closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from restore.attention import ChannelAttention
from restore.errors import ConfigError
from tests.parity.rules import fill


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


def test_equals_timm():
    timm_layers = pytest.importorskip("timm.layers")
    theirs = fill(timm_layers.SEModule(16, rd_channels=4)).eval()
    ours = ChannelAttention(16, 4)
    ours.load_state_dict(
        {
            f"{name}.{leaf}": getattr(getattr(theirs, official), leaf)
            for name, official in (("squeeze", "fc1"), ("excite", "fc2"))
            for leaf in ("weight", "bias")
        }
    )
    x = torch.rand(2, 16, 5, 4)
    torch.testing.assert_close(ours(x), theirs(x))
