"""SSIM against scikit-image, set as the paper's authors had it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from restore.errors import ShapeError
from restore.metrics import ssim
from restore.metrics.ssim import AT_ONCE


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


def noisy_pair(shape, noise=0.1, seed=0):
    random = np.random.default_rng(seed)
    target = np.cumsum(random.normal(0, 0.02, shape), axis=3).clip(-0.5, 0.5) + 0.5
    return torch.from_numpy((target + random.normal(0, noise, shape)).clip(0, 1)), torch.from_numpy(target)


@pytest.mark.parametrize("shape", [(2, 3, 11, 11), (1, 3, 45, 30), (1, 1, 20, AT_ONCE // 18), (2, 1, 23, 40)])
def test_equals_the_inside_of_torchmetrics_map(shape):
    """The third picture is cut into two strips."""
    restored, target = noisy_pair(shape)
    options = {"gaussian_kernel": True, "sigma": 1.5, "kernel_size": 11, "data_range": 1.0, "reduction": "none"}
    _, full = structural_similarity_index_measure(restored, target, return_full_image=True, **options)
    expected = full[..., 5:-5, 5:-5].mean(dim=(1, 2, 3))
    assert ssim(restored, target).tolist() == pytest.approx(expected.tolist(), abs=1e-12)


def test_equals_the_paper_s_formula_in_scipy():
    restored, target = (part[0, 0].numpy() for part in noisy_pair((1, 1, 50, 41)))
    distance = np.arange(11) - 5
    window = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * 1.5**2))

    def mean(plane):
        return ndimage.correlate(plane, window / window.sum(), mode="constant")[5:-5, 5:-5]

    x, y = mean(restored), mean(target)
    covariance = mean(restored * target) - x * y
    variances = mean(restored**2) - x**2 + mean(target**2) - y**2
    expected = (2 * x * y + 1e-4) * (2 * covariance + 9e-4) / ((x**2 + y**2 + 1e-4) * (variances + 9e-4))
    found = ssim(torch.from_numpy(restored)[None, None], torch.from_numpy(target)[None, None])
    assert found.item() == pytest.approx(expected.mean(), abs=1e-12)


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
