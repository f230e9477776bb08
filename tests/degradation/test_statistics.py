"""Every noise against the formula that its docstring states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.degradation import (
    CorrelatedNoise,
    PoissonGaussianNoise,
    PoissonNoise,
    SaltAndPepperNoise,
    SpeckleNoise,
)
from restore.degradation.correlated import _mix
from restore.errors import ConfigError

LEVELS = (0.0, 0.1, 0.5, 0.9)


def flat(level, channels=3, side=256, number=1):
    return torch.full((number, channels, side, side), level, dtype=torch.float64)


def noise_of(step, clean, seed=0):
    return step.degrade_each(clean, range(seed, seed + len(clean))) - clean


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("step", "variance"),
    [
        (PoissonNoise(50.0), lambda x: x / 50),
        (PoissonNoise(256.0, strength=2.0), lambda x: 4 * x / 256),
        (PoissonGaussianNoise(80.0, 10.0), lambda x: x / 80 + (10 / 255) ** 2),
        (SpeckleNoise(0.15), lambda x: (0.15 * x) ** 2),
    ],
    ids=["poisson", "stronger", "poisson-gaussian", "speckle"],
)
def test_mean_and_variance(step, variance, level):
    noise = noise_of(step, flat(level))
    expected = variance(level)
    assert noise.mean().item() == pytest.approx(0, abs=4 * (expected / noise.numel()) ** 0.5 + 1e-7)
    assert noise.var().item() == pytest.approx(expected, rel=0.02, abs=1e-12)


def test_photons_are_counted():
    counted = PoissonNoise(20.0).degrade_each(flat(0.3), [0]) * 20
    torch.testing.assert_close(counted, counted.round(), rtol=0, atol=1e-5)


def test_gray_photon_noise_is_alike_on_all_channels():
    clean = flat(0.4)
    clean[:, 0] = 0.8
    noise = noise_of(PoissonNoise(60.0, gray=True), clean)[0]
    torch.testing.assert_close(noise[0], noise[2], rtol=0, atol=1e-12)
    gray = 0.299 * 0.8 + 0.587 * 0.4 + 0.114 * 0.4
    assert noise.var().item() == pytest.approx(gray / 60, rel=0.02)


def test_photon_noise_leaves_a_gradient_of_one():
    clean = torch.rand(1, 3, 4, 4, requires_grad=True)
    PoissonNoise(60.0).degrade_each(clean, [0]).sum().backward()
    assert torch.equal(clean.grad, torch.ones_like(clean))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_channels_have_the_correlation_and_sigma_they_should(correlation):
    noise = noise_of(CorrelatedNoise(20.0, correlation=correlation), flat(0.5))[0].flatten(1) * 255
    covariance = torch.cov(noise)
    expected = 400 * (correlation + (1 - correlation) * torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(covariance, expected, rtol=0.02, atol=4)


def test_pixels_have_the_correlation_and_sigma_they_should():
    noise = noise_of(CorrelatedNoise(20.0, width=1.5), flat(0.5, number=2))
    assert noise.std().item() * 255 == pytest.approx(20, rel=0.02)
    for distance in (1, 3):
        product = (noise[..., distance:] * noise[..., :-distance]).mean() / noise.square().mean()
        assert product.item() == pytest.approx(np.exp(-(distance**2) / (4 * 1.5**2)), abs=0.02)
    border, middle = noise[..., :4].std(), noise[..., 100:150].std()
    assert border.item() == pytest.approx(middle.item(), rel=0.1)


def test_a_random_covariance_is_what_was_drawn_and_differs_between_pictures():
    step, clean = CorrelatedNoise(20.0, covariance="random"), flat(0.5, number=3)
    drawn = step.draw_each(clean, range(3))
    noise = step.replay(clean, drawn) - clean
    found = [torch.cov(picture.flatten(1) * 255) for picture in noise]
    for one, covariance in zip(drawn, found, strict=True):
        mix = _mix(one, 3)
        torch.testing.assert_close(covariance, 400 * mix @ mix.T, rtol=0.03, atol=4)
        assert covariance.trace().item() == pytest.approx(400 * sum(one["variances"]), rel=0.03)
    assert (found[0] - found[1]).abs().max() > 50


def test_random_covariances_are_spread_as_those_of_the_authors_program():
    """Theirs by numpy: |U' D U|, D = diag(uniform), U the left singular vectors of a matrix of uniform numbers."""
    random = np.random.default_rng(0)
    axes = np.linalg.svd(random.random((4000, 3, 3)))[0]
    theirs = np.abs(np.einsum("nki,nk,nkj->nij", axes, random.random((4000, 3)), axes))
    mixes = torch.stack(
        [_mix(one, 3) for one in CorrelatedNoise(covariance="random").draw_each(flat(0, 3, 1, 4000), range(4000))]
    )
    ours = (mixes @ mixes.transpose(1, 2)).numpy()
    np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=0.02)
    np.testing.assert_allclose(ours.std(0), theirs.std(0), atol=0.01)
    assert ours.min() > -1e-12, "no two channels go against each other"
    strength = np.trace(ours, axis1=1, axis2=2) / 3  # of sigma squared
    assert strength.mean() == pytest.approx(1 / 2, abs=0.01)
    assert strength.std() == pytest.approx(1 / 6, abs=0.01)  # a mean of three uniform numbers
    assert ours.max() <= 1


def test_a_gray_picture_has_a_random_covariance_too():
    noise = noise_of(CorrelatedNoise(20.0, covariance="random"), flat(0.5, channels=1, number=20))
    assert 0 < noise.std(dim=(1, 2, 3)).min() * 255 < noise.std(dim=(1, 2, 3)).max() * 255 < 20.5


@pytest.mark.parametrize("per_channel", [False, True])
def test_salt_and_pepper_take_their_shares(per_channel):
    lost = SaltAndPepperNoise(0.2, salt=0.25, per_channel=per_channel).degrade_each(flat(0.5), [0])
    assert (lost == 1).double().mean().item() == pytest.approx(0.05, abs=0.003)
    assert (lost == 0).double().mean().item() == pytest.approx(0.15, abs=0.004)
    assert torch.equal(lost[:, 0], lost[:, 1]) is not per_channel


@pytest.mark.parametrize(
    ("step", "name", "low", "high"),
    [
        (PoissonNoise((20.0, 100.0)), "photons", 20, 100),
        (SpeckleNoise((0.1, 0.3)), "strength", 0.1, 0.3),
        (CorrelatedNoise((5.0, 55.0)), "sigma", 5, 55),
        (SaltAndPepperNoise((0.0, 0.2)), "share", 0, 0.2),
        (PoissonGaussianNoise((10.0, 20.0), (1.0, 9.0)), "sigma", 1, 9),
    ],
    ids=["poisson", "speckle", "correlated", "salt and pepper", "poisson-gaussian"],
)
def test_each_picture_draws_its_own_value_evenly_from_the_range(step, name, low, high):
    found = torch.tensor([one[name] for one in step.draw_each(torch.zeros(400, 3, 1, 1), range(400))])
    assert low <= found.min() < low + 0.03 * (high - low)
    assert high - 0.03 * (high - low) < found.max() <= high
    assert found.mean().item() == pytest.approx((low + high) / 2, abs=0.06 * (high - low))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PoissonNoise(0.0),
        lambda: PoissonGaussianNoise(10.0, -1.0),
        lambda: SpeckleNoise((0.3, 0.1)),
        lambda: SaltAndPepperNoise(1.5),
        lambda: CorrelatedNoise(20, correlation=2.0),
        lambda: CorrelatedNoise(20, correlation=0.5, covariance="random"),
        lambda: CorrelatedNoise(20, covariance="full"),
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ConfigError):
        wrong()
