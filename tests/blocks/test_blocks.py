"""Blocks: shapes, closed forms, one attention a block."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import Attention, ChannelAttention, no_attention
from restore.blocks import PlainLayer, ResidualBlock, ResidualGroup
from restore.errors import ConfigError
from tests.parity.rules import fill


class Wide(Attention):
    """An attention that looks three pixels around."""

    context = 3

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv = nn.Conv2d(channels, channels, 7, padding=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


PARTS = {
    "block": lambda attention: ResidualBlock(4, attention),
    "block5": lambda attention: ResidualBlock(4, attention, kernel_size=5),
    "group": lambda attention: ResidualGroup(4, 2, attention),
    "plain": lambda attention: PlainLayer(4, False, attention),
    "plain_norm": lambda attention: PlainLayer(4, True, attention),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (5, 3)])
def test_keeps_shape_and_input(name, height, width):
    part = fill(PARTS[name](lambda channels: ChannelAttention(channels, 2))).eval()
    x = torch.rand(2, 4, height, width)
    before = x.clone()
    assert part(x).shape == x.shape
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("attention", [no_attention, Wide])
def test_context_is_how_far_it_sees(name, attention):
    part = fill(PARTS[name](attention)).eval().double()
    for parameter in part.parameters():
        parameter.data.abs_()  # nothing cancels and no ReLU closes
    x = torch.rand(1, 4, 41, 41, dtype=torch.float64, requires_grad=True)
    part(x)[0, :, 20, 20].sum().backward()
    seen = x.grad[0].abs().sum(0)[20].nonzero().flatten()
    assert (20 - seen.min().item(), seen.max().item() - 20) == (part.context, part.context)


def test_without_weights_a_residual_block_is_the_identity():
    block = ResidualBlock(3, no_attention)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(1, 3, 4, 5)
    assert torch.equal(block(x), x)


def test_every_block_of_a_group_has_an_attention_of_its_own():
    calls = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return ChannelAttention(channels, 2)

    group = ResidualGroup(8, 3, attention)
    assert calls == [8, 8, 8]
    assert len({id(block.attention) for block in group.blocks}) == 3


def test_even_kernel_is_refused():
    with pytest.raises(ConfigError, match="kernel_size=4"):
        ResidualBlock(3, no_attention, kernel_size=4)
