"""RNAN's mask branches."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import MaskAttention
from tests.parity.rules import fill

KINDS = [{}, {"non_local": True}, {"non_local": True, "normalize_over": "queries"}]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 3), (6, 8)])
def test_gate_is_of_the_inputs_size_and_between_0_and_1(kind, size):
    module, x = fill(MaskAttention(8, **kind)), torch.rand(2, 8, *size)
    gate = module.gate(x)
    assert gate.shape == x.shape
    assert gate.min() > 0
    assert gate.max() < 1
    torch.testing.assert_close(module(x), x * gate)


def test_an_odd_side_is_an_even_one_of_zeros_inside():
    """The strided convolution sees beyond the border what every convolution sees there: nought."""
    module = fill(MaskAttention(8)).double()
    near = torch.rand(1, 8, 7, 9, dtype=torch.float64)
    wider = nn.functional.pad(near, (0, 1, 0, 1))
    torch.testing.assert_close(module.up(module.down(near)), module.up(module.down(wider)))


def test_context_is_how_far_it_sees():
    module = fill(MaskAttention(4)).double()
    for parameter in module.parameters():
        parameter.data.abs_().mul_(0.2)  # nothing cancels, no ReLU closes, no sigmoid saturates
    reach = 0
    for place in (40, 41):  # both places of a pair that the stride makes one
        x = 1e-3 * torch.rand(1, 4, 81, 81, dtype=torch.float64)
        x.requires_grad_()
        module.gate(x)[0, :, place, place].sum().backward()
        seen = x.grad[0].abs().sum(0)[place].nonzero().flatten()
        reach = max(reach, place - seen.min().item(), seen.max().item() - place)
    assert reach == module.context


@pytest.mark.parametrize("kind", KINDS[1:], ids=str)
def test_a_non_local_mask_sees_everything(kind):
    module = fill(MaskAttention(4, **kind)).double()
    x = torch.rand(1, 4, 50, 50, dtype=torch.float64, requires_grad=True)
    module.gate(x)[0, :, 0, 0].sum().backward()
    assert x.grad[0, :, -1, -1].abs().sum() > 0


def test_what_the_softmax_sums_over_matters():
    """The published weights need the published sum."""
    paper, published = (fill(MaskAttention(8, True, normalize_over=over)) for over in ("keys", "queries"))
    x = torch.rand(1, 8, 6, 6)
    assert (paper(x) - published(x)).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS[1:], ids=str)
def test_compiles_without_graph_breaks(kind):
    torch.compiler.reset()
    module, x = fill(MaskAttention(8, **kind)), torch.rand(2, 8, 5, 4)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))
