"""ASP-OC: its branches, its size."""

from __future__ import annotations

import pytest
import torch

from restore.attention import AtrousObjectContext
from restore.errors import ConfigError
from tests.parity.rules import fill


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (9, 11)])
def test_gives_twice_the_width_at_any_size(size):
    result = fill(AtrousObjectContext(6, 4)).eval()(torch.rand(2, 6, *size))
    assert result.shape == (2, 8, *size)
    assert result.isfinite().all()


def test_branches_look_as_far_as_their_dilation():
    module = AtrousObjectContext(6, 4, dilations=(2, 5)).double().eval()  # whose context is nought at the start
    x = torch.rand(1, 6, 13, 13, dtype=torch.float64, requires_grad=True)
    module(x)[..., 6, 6].sum().backward()
    steps = (-5, -2, 0, 2, 5)
    expected = {(6 + a, 6 + b) for a in steps for b in steps if abs(a) == abs(b) or 0 in (a, b)}
    assert {tuple(place) for place in x.grad.abs().sum((0, 1)).nonzero().tolist()} == expected


def test_is_as_large_as_the_authors():
    assert sum(parameter.numel() for parameter in AtrousObjectContext(512, 256).parameters()) == 5739904


@pytest.mark.parametrize(
    "options", [{"channels": 0}, {"width": 1}, {"dilations": ()}, {"dilations": (2, 0)}, {"dropout": -1.0}], ids=str
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        AtrousObjectContext(**{"channels": 8, "width": 4} | options)
