"""Channel attention: closed forms."""

from __future__ import annotations

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
