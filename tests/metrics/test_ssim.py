"""SSIM against scikit-image, set as the paper's authors had it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from restore.errors import ShapeError
from restore.metrics import ssim


def reference(restored, target):
    """The authors' SSIM by scikit-image: mean of the places where the window lies inside."""
    _, full = structural_similarity(
        restored, target, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    return full[5:-5, 5:-5].mean()


@pytest.mark.parametrize(("height", "width"), [(11, 11), (11, 40), (37, 23), (64, 64)])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_equals_scikit_image(height, width, noise):
    random = np.random.default_rng(0)
    target = np.cumsum(random.normal(0, 0.02, (2, 3, height, width)), axis=3).clip(-0.5, 0.5) + 0.5
    restored = (target + random.normal(0, noise, target.shape)).clip(0, 1)
    expected = [np.mean([reference(r, t) for r, t in zip(*pair)]) for pair in zip(restored, target)]
    found = ssim(torch.from_numpy(restored), torch.from_numpy(target))
    assert found.tolist() == pytest.approx(expected, abs=1e-10)


def test_float32_pictures_are_compared_in_float64():
    target = 0.9 + 0.001 * torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))  # bright and flat
    restored = target + 0.0005
    assert ssim(restored, target).item() == ssim(restored.double(), target.double()).item()


def test_a_picture_is_like_itself():
    picture = torch.rand(1, 3, 20, 20)
    assert ssim(picture, picture).item() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("size", [(10, 30), (30, 10), (1, 1)])
def test_small_pictures_are_refused(size):
    with pytest.raises(ShapeError, match="at least 11 x 11"):
        ssim(torch.rand(1, 1, *size), torch.rand(1, 1, *size))
