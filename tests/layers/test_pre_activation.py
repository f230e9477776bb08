"""The pre-activation unit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import ConfigError
from restore.layers import PreActivationUnit


def test_the_raw_input_is_carried():
    module = PreActivationUnit(8).eval()
    nn.init.zeros_(module.conv3.weight)
    x = torch.randn(1, 8, 5, 4)
    assert torch.equal(module(x), x)


def test_nothing_passes_where_all_is_negative():
    """ReLU stands before the first convolution."""
    module = PreActivationUnit(8).eval()
    x = -torch.rand(1, 8, 5, 4)
    assert torch.equal(module(x), x)


@pytest.mark.parametrize("reduction", [0, 9])
def test_reduction_out_of_range_is_refused(reduction):
    with pytest.raises(ConfigError, match=f"reduction={reduction}"):
        PreActivationUnit(8, reduction)
