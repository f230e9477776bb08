"""The encoding layer against residuals that are built in full."""

from __future__ import annotations

import pytest
import torch

from restore.attention import EncodingLayer
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

from .memory import Memory


def plain(module: EncodingLayer, x: torch.Tensor) -> torch.Tensor:
    residual = x.flatten(2).transpose(1, 2).unsqueeze(2) - module.codewords  # (N, L, K, C)
    share = (module.scale * residual.square().sum(3)).softmax(2)
    return (share.unsqueeze(3) * residual).sum(1)


def test_equals_residuals_in_full():
    module = fill(EncodingLayer(6, 4)).double()
    x = torch.randn(2, 6, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(module(x), plain(module, x))


@pytest.mark.parametrize("offset", [0, 100, 10000])
def test_a_common_offset_loses_no_digits(offset):
    module, exact = EncodingLayer(16, 8), EncodingLayer(16, 8).double()
    x = torch.randint(-64, 64, (1, 16, 9, 8), generator=torch.Generator().manual_seed(0)) / 64 + offset
    module.codewords.data = (module.codewords * 256).round() / 256 + offset  # so that the sums are exact
    exact.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x).double(), plain(exact, x.double()), rtol=1e-4, atol=1e-4)


def test_axes_of_places_are_one():
    module, x = fill(EncodingLayer(6, 4)), torch.rand(2, 6, 5, 3)
    assert torch.equal(module(x), module(x.flatten(2)))


def test_fresh_values_are_those_of_the_authors():
    module = EncodingLayer(16, 100)
    assert module.codewords.abs().max() <= 1 / 40
    assert module.codewords.min() < 0 < module.codewords.max()
    assert -1 <= module.scale.min() < module.scale.max() <= 0


def test_residuals_are_never_built():
    module, x = EncodingLayer(16, 24), torch.rand(1, 16, 20, 20, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest == 24 * 400  # not 16 times that


def test_half_precision_is_that_of_the_input_alone():
    module = fill(EncodingLayer(16, 4)).bfloat16()
    x = torch.randn(1, 16, 9, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    expected = module.float()(x.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(module(x).float(), expected, rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize("option", ["channels", "codewords"])
def test_nothing_is_refused(option):
    with pytest.raises(ConfigError, match=f"{option}=0"):
        EncodingLayer(**{"channels": 8, "codewords": 4, option: 0})


@pytest.mark.parametrize("shape", [(2, 5, 4, 4), (6, 4), (1, 2, 6, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match="6"):
        EncodingLayer(6, 4)(torch.rand(shape))
