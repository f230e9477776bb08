"""Means over windows, against torch's own where the window is whole."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from restore.errors import ConfigError
from restore.layers import GlobalContrast, GlobalPool, LocalContrast, LocalInstanceNorm, LocalPool, OverlappingWindows
from restore.layers.overlapping_windows import window_spans


def random(*shape, dtype=torch.float64):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("kernel_size", [(1, 1), (6, 5), (3, 200), (150, 7)])
def test_inside_it_is_an_average_pool_and_outside_the_nearest_one(kernel_size):
    x = random(2, 3, 150, 200)
    expected = F.avg_pool2d(x, kernel_size, 1)
    (above, below), (left, right) = (((side - 1) // 2, side - 1 - (side - 1) // 2) for side in kernel_size)
    expected = F.pad(expected, (left, right, above, below), mode="replicate")
    torch.testing.assert_close(LocalPool(kernel_size)(x), expected)


def test_a_window_that_covers_the_map_gives_what_the_global_form_gives():
    x = random(2, 3, 5, 4)
    torch.testing.assert_close(LocalPool((5, 9))(x), GlobalPool()(x))
    torch.testing.assert_close(LocalContrast((5, 9))(x), GlobalContrast()(x))


def test_float32_stays_exact_far_from_the_corner():
    x = 1000 + random(1, 1, 40, 4000, dtype=torch.float32)
    exact = LocalPool((9, 33))(x.double())
    assert (LocalPool((9, 33))(x).double() - exact).abs().max() < 8e-4  # running sums in float32 are wrong by 1e-2


def test_contrast_of_a_flat_window_is_its_value():
    x = torch.full((1, 1, 12, 12), 0.25)
    x[..., 8:, 8:] = 3
    contrast = LocalContrast((3, 3))(x)
    torch.testing.assert_close(contrast[..., :6, :6], torch.full((1, 1, 6, 6), 0.25), atol=1e-5, rtol=0)


def test_bfloat16_is_summed_in_float32_under_autocast_too():
    x = random(1, 2, 70, 90, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        pooled = LocalPool((50, 60))(x)
    assert pooled.dtype == torch.bfloat16
    expected = LocalPool((50, 60))(x.double())
    torch.testing.assert_close(pooled.double(), expected, rtol=2**-8, atol=0)


def test_gradient_is_right():
    x = random(1, 2, 5, 6).requires_grad_()
    assert torch.autograd.gradcheck(LocalPool((2, 3)), (x,), fast_mode=True)


def test_instance_norm_whose_window_covers_the_map_is_torchs():
    norm = nn.InstanceNorm2d(3, affine=True).double()
    nn.init.normal_(norm.weight)
    x = random(2, 3, 6, 5)
    local = LocalInstanceNorm(norm, (6, 5))
    torch.testing.assert_close(local(x), norm(x))
    assert local.state_dict().keys() == norm.state_dict().keys()
    plain = nn.InstanceNorm2d(3)
    torch.testing.assert_close(LocalInstanceNorm(plain, (9, 9))(x), plain(x))


@pytest.mark.parametrize(("length", "side"), [(13, 6), (12, 6), (5, 9), (7, 1), (100, 33)])
def test_windows_cover_the_axis(length, side):
    spans = window_spans(length, side)
    seen = {place for span in spans for place in range(span.start, span.stop)}
    assert seen == set(range(length))
    assert {span.stop - span.start for span in spans} == {min(side, length)}


def test_windows_of_a_function_of_each_place_change_nothing():
    x = random(2, 3, 13, 11)
    torch.testing.assert_close(OverlappingWindows((6, 5))(x, lambda window: window * 2), x * 2)


@pytest.mark.parametrize("cls", [LocalPool, OverlappingWindows])
def test_a_window_without_pixels_is_refused(cls):
    with pytest.raises(ConfigError, match="from 1 up"):
        cls((0, 3))
