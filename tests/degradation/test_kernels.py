"""Blur kernels: sum, width, direction and shape; the border; gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from restore.degradation import (
    AnisotropicBlur,
    DefocusBlur,
    GaussianBlur,
    GeneralizedGaussianBlur,
    MotionBlur,
    PlateauBlur,
    SincFilter,
)
from restore.errors import ConfigError

BLURS = {
    "gaussian": GaussianBlur((0.2, 3.0), (7, 21)),
    "anisotropic": AnisotropicBlur((0.5, 6.0)),
    "generalized": GeneralizedGaussianBlur(),
    "plateau": PlateauBlur(),
    "round plateau": PlateauBlur(isotropic=True),
    "sinc": SincFilter(),
    "motion": MotionBlur((0.0, 15.0)),
    "defocus": DefocusBlur((0.0, 5.0)),
}


def kernel_of(blur, seed=0):
    like = torch.zeros(1, 1, 1, 1, dtype=torch.float64)
    return blur.kernels(blur.draw_each(like, [seed]), like)[0]


def moments(kernel):
    """Variances along rows and columns, and the covariance."""
    reach = kernel.shape[-1] // 2
    place = torch.arange(-reach, reach + 1, dtype=kernel.dtype)
    y, x = torch.meshgrid(place, place, indexing="ij")
    return [(kernel * term).sum().item() for term in (x * x, y * y, x * y)]


@pytest.fixture(params=BLURS.values(), ids=BLURS.keys())
def blur(request):
    return request.param


def test_every_kernel_sums_to_one_and_is_symmetric(blur):
    like = torch.zeros(30, 1, 1, 1, dtype=torch.float64)
    drawn = blur.draw_each(like, range(30))
    kernels = blur.kernels(drawn, like)
    torch.testing.assert_close(kernels.sum(dim=(1, 2)), torch.ones(30, dtype=torch.float64))
    torch.testing.assert_close(kernels, kernels.flip(1, 2))
    for one, kernel in zip(drawn, kernels, strict=True):
        beyond = (kernel.shape[-1] - one["size"]) // 2
        inside = kernel[beyond : beyond + one["size"], beyond : beyond + one["size"]]
        assert inside.sum().item() == pytest.approx(1)
        assert one["size"] % 2 == 1


def test_a_flat_picture_stays_flat_up_to_the_border(blur):
    clean = torch.full((3, 3, 9, 17), 0.3, dtype=torch.float64)  # smaller than the kernels
    torch.testing.assert_close(blur.degrade_each(clean, range(3)), clean)


def test_beyond_the_border_the_picture_is_mirrored_edge_included(blur):
    clean = torch.rand(2, 3, 12, 31, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    around = blur.margin
    wide = np.pad(clean.numpy(), [(0, 0), (0, 0), (around, around), (around, around)], mode="symmetric")
    drawn = blur.draw_each(clean, range(2))
    expected = blur.replay(torch.from_numpy(wide), drawn)[..., around:-around, around:-around]
    torch.testing.assert_close(blur.replay(clean, drawn), expected)


def test_a_blur_has_the_right_gradient(blur):
    clean = torch.rand(1, 1, 5, 4, dtype=torch.float64, requires_grad=True)
    drawn = blur.draw_each(clean, [0])
    assert torch.autograd.gradcheck(lambda x: blur.replay(x, drawn), clean)


def test_a_gaussian_has_the_width_it_promises():
    across, along, both = moments(kernel_of(GaussianBlur(1.7, 21)))
    assert across == pytest.approx(1.7**2, rel=1e-3)
    assert along == pytest.approx(across)
    assert both == pytest.approx(0, abs=1e-12)


def test_an_ellipse_has_the_widths_and_the_angle_it_promises():
    blur, like = AnisotropicBlur((1.0, 2.5), angle=(0.0, math.pi), kernel_size=31), torch.zeros(1, 1, 1, 1).double()
    for seed in range(5):
        drawn = blur.draw_each(like, [seed])
        across, along, both = moments(blur.kernels(drawn, like)[0])
        (first, second), angle = drawn[0]["sigma"], drawn[0]["angle"]
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        expected = turn @ np.diag([first**2, second**2]) @ turn.T
        np.testing.assert_allclose([[across, both], [both, along]], expected, rtol=5e-3, atol=5e-3)


def test_a_generalized_gaussian_of_exponent_one_is_a_gaussian():
    general = GeneralizedGaussianBlur(1.4, 1.0, kernel_size=15, isotropic=True)
    torch.testing.assert_close(kernel_of(general), kernel_of(GaussianBlur(1.4, 15)))


def test_the_family_follows_its_formulas():
    reach, beta, sigma = 5, 1.6, 1.3
    place = np.arange(-reach, reach + 1)
    distance = (place[:, None] ** 2 + place[None] ** 2) / sigma**2
    for made, formula in (
        (GeneralizedGaussianBlur(sigma, beta, kernel_size=11, isotropic=True), np.exp(-(distance**beta) / 2)),
        (PlateauBlur(sigma, beta, kernel_size=11, isotropic=True), 1 / (1 + distance**beta)),
    ):
        np.testing.assert_allclose(kernel_of(made).numpy(), formula / formula.sum(), rtol=1e-12)


@pytest.mark.parametrize("blur", [GeneralizedGaussianBlur, PlateauBlur])
def test_half_of_the_exponents_lie_below_one_where_the_range_holds_it(blur):
    def drawn(beta):
        return torch.tensor([one["beta"] for one in blur(beta=beta).draw_each(torch.zeros(2000, 1, 1, 1), range(2000))])

    wide = drawn((0.5, 4.0))
    assert 0.5 <= wide.min() < 0.51
    assert 3.97 < wide.max() <= 4
    below = wide[wide < 1]
    assert len(below) / 2000 == pytest.approx(0.5, abs=0.04)
    assert below.mean().item() == pytest.approx(0.75, abs=0.02)
    assert wide[wide >= 1].mean().item() == pytest.approx(2.5, abs=0.1)
    ending = drawn((1.0, 2.0))  # Real-ESRGAN's plateau
    assert (ending == 1).double().mean().item() == pytest.approx(0.5, abs=0.04)
    assert ending[ending > 1].mean().item() == pytest.approx(1.5, abs=0.03)
    assert drawn((1.5, 4.0)).mean().item() == pytest.approx(2.75, abs=0.1)  # without 1: evenly


def test_a_sinc_filter_passes_what_is_coarser_than_its_cutoff_and_stops_what_is_finer():
    kernel = kernel_of(SincFilter(math.pi / 2, 61))
    response = torch.fft.fft2(torch.fft.ifftshift(kernel), s=(61, 61)).real[0]  # along one axis
    frequency = 2 * math.pi * torch.arange(61) / 61
    assert response[frequency < 0.35 * math.pi].sub(1).abs().max() < 0.1
    finer = (frequency > 0.65 * math.pi) & (frequency < 1.35 * math.pi)
    assert response[finer].abs().max() < 0.1
    assert kernel.min() < 0  # it rings


def test_motion_lies_along_its_angle_and_has_its_length():
    across, along, both = moments(kernel_of(MotionBlur(12.0, 0.0)))
    assert across == pytest.approx(12**2 / 12, rel=0.15)
    assert along < 0.3
    assert both == pytest.approx(0, abs=1e-9)
    across, along, both = moments(kernel_of(MotionBlur(12.0, math.pi / 4)))
    assert across == pytest.approx(along)
    assert both > 0.9 * across
    still = kernel_of(MotionBlur(0.0))
    assert still[still.shape[0] // 2, still.shape[0] // 2] == pytest.approx(1)


def test_a_disc_is_even_inside_and_has_its_area():
    kernel = kernel_of(DefocusBlur(4.0))
    assert kernel.max().item() == pytest.approx(1 / (math.pi * 4**2), rel=0.05)
    middle = kernel[4, 1:8]
    assert torch.equal(middle, torch.full_like(middle, kernel.max().item()))
    assert moments(kernel)[0] == pytest.approx(4**2 / 4, rel=0.08)


def test_kernel_sizes_are_odd_and_all_are_drawn():
    sizes = {one["size"] for one in BLURS["sinc"].draw_each(torch.zeros(200, 1, 1, 1), range(200))}
    assert sizes == set(range(7, 22, 2))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: GaussianBlur(1.0, (7, 20)),
        lambda: GaussianBlur(1.0, (9, 7)),
        lambda: AnisotropicBlur(0.0),
        lambda: PlateauBlur(1.0, beta=0.0),
        lambda: SincFilter(0.0),
        lambda: SincFilter(5.0),
        lambda: MotionBlur(-1.0),
        lambda: DefocusBlur((3.0, 1.0)),
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ConfigError):
        wrong()
