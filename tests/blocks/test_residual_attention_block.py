"""RNAN's block: what its attention looks at, and what it acts on."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import Attention, ChannelAttention, MaskAttention, Recalibration, no_attention
from restore.blocks import ResidualAttentionBlock
from tests.parity.rules import fill


class Doubled(Attention):
    """Acts on what it is given."""

    context = 3

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv = nn.Conv2d(channels, channels, 7, padding=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(2 * x)


class FarGate(Recalibration):
    """A gate that looks further than the trunk."""

    context = 6

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv = nn.Conv2d(channels, channels, 13, padding=6)

    def gate(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def test_a_gate_is_computed_from_the_blocks_input():
    block = fill(ResidualAttentionBlock(8, lambda channels: ChannelAttention(channels, 2)))
    x = torch.rand(2, 8, 6, 5)
    r = block.before(x)
    torch.testing.assert_close(block(x), block.after(block.trunk(r) * block.attention.gate(r) + r))


def test_other_attention_acts_on_the_trunk():
    block = fill(ResidualAttentionBlock(8, Doubled))
    x = torch.rand(2, 8, 6, 5)
    r = block.before(x)
    torch.testing.assert_close(block(x), block.after(block.attention(block.trunk(r)) + r))


@pytest.mark.parametrize("attention", [no_attention, Doubled, FarGate, MaskAttention], ids=lambda a: a.__name__)
def test_context_is_how_far_it_sees(attention):
    block = fill(ResidualAttentionBlock(4, attention)).double()
    for parameter in block.parameters():
        parameter.data.abs_().mul_(0.2)  # nothing cancels, no ReLU closes, no sigmoid saturates
    reach = 0
    for place in (40, 41):  # both places of a pair that a stride makes one
        x = 1e-3 * torch.rand(1, 4, 81, 81, dtype=torch.float64)
        x.requires_grad_()
        block(x)[0, :, place, place].sum().backward()
        seen = x.grad[0].abs().sum(0)[place].nonzero().flatten()
        reach = max(reach, place - seen.min().item(), seen.max().item() - place)
    assert reach == block.context


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 3)])
def test_keeps_the_size(size):
    block = fill(ResidualAttentionBlock(8, lambda channels: MaskAttention(channels, non_local=True)))
    assert block(torch.rand(2, 8, *size)).shape == (2, 8, *size)
