"""Windows on a lattice: they cover, they blend to one, and they lie where they lie."""

from __future__ import annotations

import copy

import pytest
import torch

from restore.errors import ConfigError
from restore.layers import BlendedWindows, LocalPool, OverlappingWindows, RegionGrid, WholeMap
from restore.layers.blended_windows import _blends, window_starts


def random(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def deviations(x):
    return x.std(dim=(2, 3), keepdim=True)


@pytest.mark.parametrize("length", [1, 5, 6, 7, 13, 50])
@pytest.mark.parametrize("side", [1, 2, 5, 6])
def test_weights_add_up_to_one(length, side):
    side = min(side, length)
    starts, total = window_starts(length, side), torch.zeros(length, dtype=torch.float64)
    weights = _blends(length, side, like=total)
    assert weights.min() >= 0
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + side] += weight
    torch.testing.assert_close(total, torch.ones_like(total))


def test_a_function_of_each_place_is_unchanged():
    x = random(2, 3, 13, 50)
    torch.testing.assert_close(BlendedWindows((6, 5))(x, lambda window: window * 2), x * 2)


def test_one_result_a_window_is_drawn_straight_from_center_to_center():
    x = torch.arange(24, dtype=torch.float64).expand(1, 1, 4, 24)
    means = BlendedWindows((4, 8))(x, lambda window: window.mean(dim=(2, 3), keepdim=True))
    torch.testing.assert_close(means, x.clamp(3.5, 19.5))  # the mean of a ramp over a window is its center


def test_a_window_that_covers_the_map_gives_the_function_of_the_map():
    x = random(2, 3, 5, 6)
    assert torch.equal(BlendedWindows((5, 9))(x, deviations), deviations(x))


def test_what_repeats_within_a_window_gives_what_the_whole_map_gives():
    x = random(1, 3, 4, 4).repeat(1, 1, 6, 5)
    expected = x.std(dim=(2, 3), keepdim=True, correction=0).expand_as(x)
    seen = BlendedWindows((8, 8))(x, lambda window: window.std(dim=(2, 3), keepdim=True, correction=0))
    torch.testing.assert_close(seen, expected)


@pytest.mark.parametrize("start", [3, 9])
def test_a_tile_on_the_lattice_agrees_a_window_inside(start):
    windows, x = BlendedWindows((6, 6)), random(1, 2, 31, 40)
    assert windows.step == (3, 3)
    whole = windows(x, deviations)
    tile = windows(x[..., start : start + 25], deviations)
    torch.testing.assert_close(tile[..., 6:-6], whole[..., start + 6 : start + 19], rtol=0, atol=1e-14)


def test_the_published_windows_depend_on_the_tile():
    windows, x = OverlappingWindows((6, 6)), random(1, 2, 31, 40)
    whole = windows(x, lambda window: window * deviations(window))
    tile = windows(x[..., 9:34], lambda window: window * deviations(window))
    assert (tile[..., 6:-6] - whole[..., 15:28]).abs().max() > 1e-3


def test_more_axes_and_batches_keep_apart():
    windows, x = BlendedWindows((4, 6)), random(3, 2, 5, 9, 14)

    def flat(window):
        return window.flatten(1, 2) * window.flatten(1).amax(1)[:, None, None, None]

    apart = torch.cat([windows(one, flat) for one in x.split(1)])
    torch.testing.assert_close(windows(x, flat), apart)


def test_gradient_is_right():
    x = random(1, 2, 7, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: BlendedWindows((4, 3))(x, lambda w: w * w.mean()), (x,), fast_mode=True)


def test_a_grid_divides_small_maps_alone_once_it_is_local():
    def sizes(grid, *shape):
        seen = []
        grid(torch.zeros(1, 1, *shape), lambda part: seen.append(tuple(part.shape[2:])) or part)
        return seen

    grid = RegionGrid(2)
    assert sizes(grid, 8, 9) == sizes(grid.local((8, 9)), 8, 9) == [(4, 4), (4, 5), (4, 4), (4, 5)]
    assert sizes(grid.local((8, 9)), 8, 10) == [(4, 10), (4, 10)]
    assert sizes(grid.local((8, 9)), 9, 10) == [(9, 10)]


@pytest.mark.parametrize("module", [LocalPool((3, 4)), BlendedWindows((4, 4)), OverlappingWindows((4, 4))])
def test_what_is_made_once_is_no_part_of_a_module_and_may_be_needed_with_gradients(module):
    x = random(1, 2, 9, 10).float()
    run = (lambda m, x: m(x)) if isinstance(module, LocalPool) else (lambda m, x: m(x, lambda window: window * 2))
    with torch.inference_mode():
        before = run(module, x)
    assert not module.state_dict()
    leaf = x.clone().requires_grad_()
    run(copy.deepcopy(module), leaf).sum().backward()
    assert leaf.grad.isfinite().all()
    compiled = torch.compile(lambda x: run(module, x), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), before)


def test_which_windows_stand_in_is_said_by_the_module():
    assert isinstance(WholeMap().local((3, 3)), OverlappingWindows)
    assert isinstance(WholeMap(blended=True).local((3, 3)), BlendedWindows)


def test_a_window_without_pixels_is_refused():
    with pytest.raises(ConfigError, match="from 1 up"):
        BlendedWindows((0, 3))
