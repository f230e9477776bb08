"""Criss-cross attention: what it sees, and what it costs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import CrissCrossAttention
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def seen_from(module: CrissCrossAttention, x: torch.Tensor, y: int, column: int) -> torch.Tensor:
    """Where the result at a place depends on the input."""
    x = x.requires_grad_()
    module(x)[..., y, column].sum().backward()
    return x.grad.abs().sum((0, 1)) > 0


def test_once_sees_the_cross_and_twice_everything():
    cross = torch.zeros(5, 6, dtype=torch.bool)
    cross[2], cross[:, 4] = True, True
    once, twice = (fill(CrissCrossAttention(8, loops=loops)).double() for loops in (1, 2))
    assert torch.equal(seen_from(once, picture(1, 8, 5, 6), 2, 4), cross)
    assert seen_from(twice, picture(1, 8, 5, 6), 2, 4).all()


def test_maps_of_all_loops_lie_on_the_cross_and_add_up_to_one():
    maps = fill(CrissCrossAttention(8, loops=3)).double().affinity(picture(2, 8, 5, 6)).unflatten(2, (5, 6))
    assert maps.shape == (2, 3, 5, 6, 30)
    torch.testing.assert_close(maps.sum(4), torch.ones_like(maps.sum(4)))
    off = maps.unflatten(4, (5, 6))[:, :, 2, 4]  # (N, loops, H, W)
    assert (off[:, :, 2] > 0).all()
    assert (off[..., 4] > 0).all()
    off[:, :, 2], off[..., 4] = 0, 0
    assert not off.any()


def test_place_itself_counts_once():
    module = fill(CrissCrossAttention(8, loops=1)).double()
    nn.init.zeros_(module.query.weight)
    nn.init.zeros_(module.query.bias)
    row = module.affinity(picture(1, 8, 5, 6), at=(2, 4))[0, 0]
    torch.testing.assert_close(row[row > 0], torch.full((10,), 1 / 10, dtype=torch.float64))


def test_turned_picture_gives_the_turned_result():
    module, x = fill(CrissCrossAttention(8)).double(), picture(2, 8, 5, 6)
    torch.testing.assert_close(module(x.rot90(1, (2, 3))), module(x).rot90(1, (2, 3)))


def test_two_loops_are_one_loop_twice():
    once, twice = (fill(CrissCrossAttention(8, loops=loops)).double() for loops in (1, 2))
    x = picture(2, 8, 5, 6)
    torch.testing.assert_close(twice(x), once(once(x)))


def test_memory_grows_with_the_cross():
    module, x = fill(CrissCrossAttention(8, loops=1)), torch.rand(2, 8, 32, 24, requires_grad=True)
    crosses, features = 2 * 32 * 24 * (32 + 24), x.numel()
    with Memory() as memory:
        result = module(x)
    assert memory.largest == crosses
    assert memory.peak <= 4 * (2 * crosses + 8 * features)  # the logits and their softmax; no second set of features
    with Memory() as memory:
        result.sum().backward()
    assert memory.largest <= crosses


def test_is_as_large_as_the_authors():
    assert sum(parameter.numel() for parameter in CrissCrossAttention(512).parameters()) == 328321


@pytest.mark.parametrize("options", [{"loops": 0}, {"reduction": 0}, {"reduction": 17}], ids=str)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match="=".join(f"{name}={value}" for name, value in options.items())):
        CrissCrossAttention(16, **options)
