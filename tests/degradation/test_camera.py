"""Camera noise: its statistics against the formulas it is drawn from."""

import math

import pytest
import torch

from restore.degradation import CameraNoise
from restore.degradation.camera import sensor_noise
from restore.degradation.random import Stream
from restore.errors import ConfigError, ShapeError

SILENT = (-60.0, -60.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def settings(model, clean, seed):
    return model.settings(model.draw_each(clean, range(seed, seed + len(clean))), clean)


def streams(number):
    return [Stream(seed, "cpu") for seed in range(number)]


@pytest.mark.parametrize("reduced", [0.0, 1.0])
def test_without_noise_the_picture_comes_back(reduced):
    clean = torch.randint(0, 256, (8, 3, 32, 32), generator=generator()) / 255
    again = CameraNoise(log_shot=SILENT, tone=0.5, reduced=reduced)(clean, generator())
    assert (again - clean).abs().max() < 0.25 / 255


def test_the_sensors_noise_has_the_variance_of_its_formula():
    clean = torch.zeros(2, 3, 4, 4)
    camera = settings(CameraNoise(), clean, 0)
    for level in (0.0, 0.05, 0.5):
        noise = sensor_noise(torch.full((2, 1, 300, 300), level), camera, streams(2))
        expected = (camera.shot * level + camera.read).sqrt().flatten()
        torch.testing.assert_close(noise.std(dim=(1, 2, 3)), expected, rtol=0.02, atol=0)


def test_a_full_sensor_pixel_cannot_rise():
    camera = settings(CameraNoise(log_shot=(-4.5, -4.5)), torch.zeros(1, 3, 4, 4), 0)
    plane = torch.full((1, 1, 50, 50), 0.98)
    assert (plane + sensor_noise(plane, camera, streams(1))).max() <= 1


def test_drawn_levels_follow_the_published_distribution():
    camera = settings(CameraNoise(), torch.zeros(4000, 3, 1, 1), 0)
    log_shot, log_read = camera.shot.log().flatten(), camera.read.log().flatten()
    assert log_shot.min() >= math.log(0.0001) - 1e-4
    assert log_shot.max() <= math.log(0.012) + 1e-4
    assert log_shot.mean().item() == pytest.approx((math.log(0.0001) + math.log(0.012)) / 2, abs=0.08)
    rest = log_read - (2.18 * log_shot + 1.20)
    assert rest.mean().item() == pytest.approx(0, abs=0.02)
    assert rest.std().item() == pytest.approx(0.26, abs=0.02)
    red, green, blue = camera.gains.flatten(1).T
    assert 1.9 <= (red / green).min() < 1.92
    assert 2.38 < (red / green).max() <= 2.4001
    assert 1.5 <= (blue / green).min() < 1.52
    assert (1 / green).mean().item() == pytest.approx(0.8, abs=0.01)
    assert camera.pattern.bincount(minlength=4).min() > 800
    assert camera.demosaic.bincount(minlength=2).min() > 1800


def test_pattern_and_method_can_be_fixed():
    camera = settings(CameraNoise(pattern="gbrg", demosaic="malvar"), torch.zeros(9, 3, 2, 2), 0)
    assert camera.pattern.tolist() == [2] * 9
    assert camera.demosaic.tolist() == [1] * 9


def test_noise_in_the_file_follows_the_slope_of_its_curve():
    clean = torch.full((1, 3, 1, 1), 0.5)
    camera = settings(CameraNoise(log_shot=(-9.0, -9.0), tone=1.0), clean, 0)
    model = CameraNoise()
    found = []
    for level in (0.05, 0.4, 0.8):
        noise = model.add_noise(torch.full((1, 3, 256, 256), level), camera, streams(1)) - level
        value = 0.5 - math.sin(math.asin(1 - 2 * level) / 3)  # before the tone curve
        slope = 6 * value * (1 - value) * value ** (1 - 2.2) / 2.2
        signal = value**2.2 / camera.gains[0, 1, 0, 0].item()
        at_the_sensor = math.sqrt(camera.shot.item() * signal + camera.read.item())
        found.append(noise[:, 1].std().item() / (slope * at_the_sensor))
    assert max(found) < 1.1 * min(found)


def test_noise_reduction_leaves_chroma_smoother_than_luma():
    model = CameraNoise(log_shot=(-6.0, -6.0), reduced=1.0)
    noise = model(torch.full((16, 3, 64, 64), 0.4), generator()) - 0.4
    luma = noise.mean(dim=1)
    chroma = noise[:, 0] - luma

    def next_pixel(field: torch.Tensor) -> float:
        return ((field[..., 1:] * field[..., :-1]).mean() / field.square().mean()).item()

    assert next_pixel(chroma) > next_pixel(luma) + 0.1


def test_noise_reduction_takes_noise_away():
    clean = torch.full((16, 3, 64, 64), 0.4)
    with_it, without = (
        (CameraNoise(log_shot=(-6.0, -6.0), reduced=share)(clean, generator()) - clean).std() for share in (1.0, 0.0)
    )
    assert with_it < 0.8 * without


def test_the_same_seed_gives_the_same_noise_and_another_seed_another():
    clean = torch.rand(2, 3, 24, 24, generator=generator())
    camera = CameraNoise()
    assert torch.equal(camera(clean, generator(5)), camera(clean, generator(5)))
    assert not torch.equal(camera(clean, generator(5)), camera(clean, generator(6)))


def test_each_picture_has_its_own_setting_and_the_input_is_left_alone():
    clean = torch.full((16, 3, 32, 32), 0.5)
    noisy = CameraNoise()(clean, generator())
    spread = (noisy - clean).std(dim=(1, 2, 3))
    assert spread.max() > 3 * spread.min()
    assert torch.equal(clean, torch.full_like(clean, 0.5))


def test_settings_that_were_drawn_can_be_used_again():
    clean = torch.rand(2, 3, 16, 16, generator=generator())
    model = CameraNoise(reduced=0.0)
    drawn = model.draw_each(clean, [3, 4])
    noisy = model.add_noise(clean, model.settings(drawn, clean), [one["noise"] for one in drawn])
    torch.testing.assert_close(noisy, model.degrade_each(clean, [3, 4]))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 3), (13, 17)])
def test_any_size_gives_numbers(size):
    noisy = CameraNoise()(torch.rand(2, 3, *size, generator=generator()), generator())
    assert noisy.shape == (2, 3, *size)
    assert torch.isfinite(noisy).all()


def test_nonsense_is_refused():
    with pytest.raises(ShapeError, match="RGB"):
        CameraNoise()(torch.rand(1, 1, 8, 8), generator())
    with pytest.raises(ConfigError, match="red_gain"):
        CameraNoise(red_gain=(2.4, 1.9))
    with pytest.raises(ConfigError, match="reduced"):
        CameraNoise(reduced=1.5)
    with pytest.raises(ConfigError, match="brightness"):
        CameraNoise(brightness=(0.0, 0.1))
    with pytest.raises(ConfigError, match="demosaicing"):
        CameraNoise(demosaic="ahd")
