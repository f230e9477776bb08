"""Pyramid-OC: cells see themselves alone."""

from __future__ import annotations

import pytest
import torch

from restore.attention import PyramidObjectContext
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def seen_from(module: PyramidObjectContext, y: int, x: int) -> torch.Tensor:
    """Where the result at a place of a 5 x 7 map depends on the input."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 8, 5, 7, generator=generator, dtype=torch.float64).requires_grad_()
    module(picture)[..., y, x].sum().backward()
    return picture.grad.abs().sum((0, 1)) > 0


def test_place_sees_its_own_cell():
    module = fill(PyramidObjectContext(8, 8, grids=(3,))).double().eval()
    first, last = torch.zeros(2, 5, 7, dtype=torch.bool)
    first[:1, :2] = True
    last[2:, 4:] = True  # the last cell takes what is left over
    assert torch.equal(seen_from(module, 0, 0), first)
    assert torch.equal(seen_from(module, 4, 5), last)


def test_whole_map_is_one_of_the_levels():
    assert seen_from(fill(PyramidObjectContext(8, 8)).double().eval(), 0, 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 2), (7, 13)])
def test_maps_smaller_than_the_grid_are_taken(size):
    result = fill(PyramidObjectContext(8, 5)).eval()(torch.rand(2, 8, *size))
    assert result.shape == (2, 5, *size)
    assert result.isfinite().all()


def test_is_as_large_as_the_authors():
    assert sum(parameter.numel() for parameter in PyramidObjectContext(512, 512).parameters()) == 5782016


def test_no_matrix_of_all_pairs_forward_and_back():
    module, x = fill(PyramidObjectContext(8, 8)).eval(), torch.rand(1, 8, 32, 32, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest <= 8 * x.numel()  # the input widened to four times, and four levels


@pytest.mark.parametrize(
    "options", [{"channels": 1}, {"out_channels": 0}, {"grids": ()}, {"grids": (1, 0)}, {"dropout": 1.1}], ids=str
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        PyramidObjectContext(**{"channels": 8, "out_channels": 8} | options)
