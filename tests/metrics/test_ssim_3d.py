"""SSIM over rows, columns and channels against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from restore.errors import ShapeError
from restore.metrics import ssim, ssim_3d
from restore.metrics.ssim import AT_ONCE


def noisy_pair(shape, noise=0.1):
    random = np.random.default_rng(0)
    target = np.cumsum(random.normal(0, 0.02, shape), axis=3).clip(-0.5, 0.5) + 0.5
    return (target + random.normal(0, noise, shape)).clip(0, 1), target


def matlab(x, y):
    """One picture as MATLAB's `ssim` does it, out of scipy's Gaussian: a volume, edges repeated on every axis."""

    def mean(volume):
        return ndimage.gaussian_filter(volume, 1.5, mode="nearest", radius=5)

    mean_x, mean_y = mean(x), mean(y)
    covariance = mean(x * y) - mean_x * mean_y
    variances = mean(x**2) - mean_x**2 + mean(y**2) - mean_y**2
    alike = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
    return (alike / ((mean_x**2 + mean_y**2 + 1e-4) * (variances + 9e-4))).mean()


@pytest.mark.parametrize("shape", [(2, 3, 40, 33), (1, 3, 7, 5), (1, 1, 20, 20), (1, 3, 20, AT_ONCE // 27)])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_equals_scipy_over_three_axes(shape, noise):
    """The last picture is cut into strips."""
    restored, target = noisy_pair(shape, noise)
    expected = [matlab(*pair) for pair in zip(restored, target)]
    found = ssim_3d(torch.from_numpy(restored), torch.from_numpy(target))
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


def test_it_is_higher_than_that_of_the_channels_where_their_noise_differs():
    restored, target = (torch.from_numpy(part) for part in noisy_pair((1, 3, 64, 64)))
    restored, target = restored.clone(), target[:, :1].expand(-1, 3, -1, -1)
    assert ssim_3d(restored, target).item() != pytest.approx(ssim(restored, target).item(), abs=0.005)


def test_float32_pictures_are_compared_in_float64():
    target = 0.9 + 0.001 * torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    restored = target + 0.0005
    assert ssim_3d(restored, target).item() == ssim_3d(restored.double(), target.double()).item()


def test_a_picture_is_like_itself():
    picture = torch.rand(1, 3, 20, 20)
    assert ssim_3d(picture, picture).item() == pytest.approx(1.0, abs=1e-12)


def test_pictures_of_two_sizes_are_refused():
    with pytest.raises(ShapeError, match="one shape"):
        ssim_3d(torch.rand(1, 3, 20, 20), torch.rand(1, 3, 20, 21))
