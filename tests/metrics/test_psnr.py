"""PSNR: closed forms."""

from __future__ import annotations

import pytest
import torch

from restore.errors import ShapeError
from restore.metrics import psnr


def test_an_error_of_a_tenth_is_twenty_decibels():
    target = torch.full((1, 3, 8, 8), 0.5, dtype=torch.float64)
    assert psnr(target + 0.1, target).item() == pytest.approx(20.0, abs=1e-5)


def test_each_picture_has_its_own_value():
    target = torch.full((2, 3, 8, 8), 0.5, dtype=torch.float64)
    restored = target.clone()
    restored[0] += 0.1
    restored[1] += 0.01
    assert psnr(restored, target).tolist() == pytest.approx([20.0, 40.0], abs=1e-5)


def test_equal_pictures_give_infinity():
    target = torch.rand(2, 1, 4, 4)
    assert psnr(target, target).tolist() == [float("inf")] * 2


def test_float32_pictures_are_compared_in_float64():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(1, 1, 64, 64, generator=generator)
    restored = target + 1e-4 * torch.randn(1, 1, 64, 64, generator=generator)
    expected = -10 * torch.log10(((restored.double() - target.double()) ** 2).mean())
    assert psnr(restored, target).dtype == torch.float64
    assert psnr(restored, target).item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("other", [(1, 3, 8, 7), (1, 1, 8, 8), (3, 8, 8)])
def test_pictures_that_do_not_fit_are_refused(other):
    with pytest.raises(ShapeError, match="one shape"):
        psnr(torch.rand(other), torch.rand(1, 3, 8, 8))
