"""The plain residual unit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import no_attention
from restore.blocks import ResidualBlock
from restore.errors import ConfigError
from restore.layers import ResidualUnit


def test_closed_form():
    unit = ResidualUnit(1, kernel_size=1)
    for layer, weight, bias in ((unit.conv1, 2.0, -1.0), (unit.conv2, 3.0, 0.5)):
        nn.init.constant_(layer.weight, weight)
        nn.init.constant_(layer.bias, bias)
    x = torch.tensor([0.25, 1.0]).reshape(1, 1, 1, 2)
    torch.testing.assert_close(unit(x).flatten(), torch.tensor([0.25 + 0.5, 1 + 3 + 0.5]))  # relu(2x - 1) = 0 and 1


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_context_is_how_far_it_sees(kernel_size):
    unit = ResidualUnit(2, kernel_size)
    for parameter in unit.parameters():
        parameter.data.abs_()  # nothing cancels and no ReLU closes
    x = torch.rand(1, 2, 21, 21, requires_grad=True)
    unit(x)[0, :, 10, 10].sum().backward()
    seen = x.grad[0].abs().sum(0)[10].nonzero().flatten()
    assert (10 - seen.min().item(), seen.max().item() - 10) == (unit.context, unit.context)


@pytest.mark.parametrize("kernel_size", [0, -1, 4])
def test_even_kernels_are_refused(kernel_size):
    with pytest.raises(ConfigError, match=f"kernel_size={kernel_size}"):
        ResidualUnit(2, kernel_size)


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_the_block_without_attention_is_the_same_from_the_same_tensors(kernel_size):
    unit = ResidualUnit(3, kernel_size)
    block = ResidualBlock(3, no_attention, kernel_size)
    block.load_state_dict(unit.state_dict())
    x = torch.randn(2, 3, 6, 5)
    assert torch.equal(block(x), unit(x))
    assert block.context == unit.context
