"""Camera noise: its statistics against the formula it is drawn from."""

import math

import pytest
import torch

from restore.degradation import CameraNoise
from restore.degradation.camera import demosaic_noise, to_linear, to_srgb
from restore.errors import ShapeError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_srgb_curve_and_its_inverse_meet():
    values = torch.linspace(0, 1, 1001, dtype=torch.float64)
    torch.testing.assert_close(to_srgb(to_linear(values)), values, rtol=0, atol=1e-7)
    assert to_linear(torch.tensor(0.5)).item() == pytest.approx(0.214041, abs=1e-6)  # IEC 61966-2-1


def test_the_curve_of_a_negative_value_is_a_number():
    assert to_srgb(torch.tensor(-0.01)).item() == pytest.approx(-0.1292)


def test_demosaicing_keeps_a_constant():
    constant = torch.full((1, 3, 8, 10), 0.3)
    inner = demosaic_noise(constant)[..., 1:-1, 1:-1]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.3))


def test_demosaicing_correlates_neighbours_as_bilinear_weights_say():
    white = torch.randn(1, 3, 400, 400, generator=generator(), dtype=torch.float64)
    red = demosaic_noise(white)[0, 0]
    same_row = (red[::2, 0:-1:2] * red[::2, 1::2][:, : red[::2, 0:-1:2].shape[1]]).mean()
    assert same_row.item() == pytest.approx(0.5, abs=0.03)  # a red site and the mean of two of them


def test_the_noise_grows_with_the_signal_as_shot_noise_does():
    setting = (math.log(0.004), math.log(0.004))
    camera = CameraNoise(log_shot=setting, smoothing=0.0, chroma_smoothing=0.0, strength=(1, 1), chroma_strength=(1, 1))
    spread = []
    for level in (0.1, 0.4):
        linear = torch.full((8, 3, 96, 96), level)
        noisy = camera(to_srgb(linear), generator())
        spread.append((to_linear(noisy) - linear)[:, 1].std().item())
    read = math.exp(2.18 * setting[0] + 1.20)
    expected = math.sqrt((0.004 * 0.4 + read) / (0.004 * 0.1 + read))
    assert spread[1] / spread[0] == pytest.approx(expected, rel=0.08)


def test_the_same_seed_gives_the_same_noise_and_another_seed_another():
    clean = torch.rand(2, 3, 24, 24, generator=generator())
    camera = CameraNoise()
    torch.testing.assert_close(camera(clean, generator(5)), camera(clean, generator(5)), rtol=0, atol=0)
    assert not torch.equal(camera(clean, generator(5)), camera(clean, generator(6)))


def test_each_picture_has_its_own_setting_and_the_input_is_left_alone():
    clean = torch.full((16, 3, 32, 32), 0.5)
    noisy = CameraNoise()(clean, generator())
    spread = (noisy - clean).std(dim=(1, 2, 3))
    assert spread.max() > 3 * spread.min()
    assert torch.equal(clean, torch.full_like(clean, 0.5))


def test_chroma_noise_is_smoother_than_luma_noise_where_it_is_told_to_be():
    camera = CameraNoise(smoothing=0.0, chroma_smoothing=3.0)
    noise = camera(torch.full((24, 3, 64, 64), 0.5), generator()) - 0.5
    luma = noise.mean(1)
    chroma = noise[:, 0] - luma

    def next_pixel(field: torch.Tensor) -> float:
        return ((field[..., 1:] * field[..., :-1]).mean() / field.square().mean()).item()

    assert next_pixel(chroma) > next_pixel(luma) + 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 3), (13, 17)])
def test_any_size_gives_numbers(size):
    noisy = CameraNoise()(torch.rand(2, 3, *size), generator())
    assert noisy.shape == (2, 3, *size)
    assert torch.isfinite(noisy).all()


def test_a_gray_picture_is_refused():
    with pytest.raises(ShapeError, match="RGB"):
        CameraNoise()(torch.rand(1, 1, 8, 8), generator())
