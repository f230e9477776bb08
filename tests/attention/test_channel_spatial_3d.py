"""HAN's channel-spatial attention: its convolution over three axes, and its start."""

from __future__ import annotations

import torch
from torch import nn

from restore.attention import ChannelSpatialAttention3d
from tests.parity.rules import fill


def test_gate_sees_the_channels_beside():
    module = fill(ChannelSpatialAttention3d(8)).double()
    x = torch.rand(1, 8, 5, 5, dtype=torch.float64, requires_grad=True)
    module.gate(x)[0, 4, 2, 2].backward()
    seen = x.grad[0].nonzero()
    assert seen.min(0).values.tolist() == [3, 1, 1]
    assert seen.max(0).values.tolist() == [5, 3, 3]


def test_a_network_takes_it_along_to_channels_last():
    module = fill(ChannelSpatialAttention3d(8))
    x, before = torch.rand(1, 8, 5, 5), module.conv.weight.detach().clone()
    expected = module(x)
    network = nn.Sequential(nn.Identity(), module).to(memory_format=torch.channels_last)
    assert torch.equal(module.conv.weight, before)
    assert isinstance(module.conv.weight, nn.Parameter)
    torch.testing.assert_close(network(x.to(memory_format=torch.channels_last)), expected)
    assert network.to(torch.bfloat16)(x.bfloat16()).dtype == torch.bfloat16
    assert module.conv.weight.shape == before.shape


def test_the_convolution_learns_once_the_strength_is_not_nought():
    module, x = ChannelSpatialAttention3d(8), torch.rand(1, 8, 5, 5)
    module(x).sum().backward()
    assert module.strength.grad.abs() > 0
    assert module.conv.weight.grad.abs().sum() == 0
    module.strength.data.fill_(0.5)
    module(x).sum().backward()
    assert module.conv.weight.grad.abs().sum() > 0
