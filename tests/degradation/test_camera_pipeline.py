"""The camera's pipeline and its inverse."""

import pytest
import torch

from restore.degradation import CameraNoise
from restore.degradation.camera_mosaic import demosaic, mosaic
from restore.degradation.camera_pipeline import (
    XYZ_TO_CAMERA,
    color_matrix,
    from_sensor,
    to_linear,
    to_sensor,
    to_srgb,
)

HALF_A_LEVEL = 0.5 / 255


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def settings(model, clean, seed):
    return model.settings(model.draw_each(clean, range(seed, seed + len(clean))), clean)


def test_the_curves_are_those_of_the_paper():
    with_tone, without = torch.tensor(1.0), torch.tensor(0.0)
    assert to_linear(torch.tensor(0.5), without).item() == pytest.approx(0.5**2.2)
    assert to_linear(torch.tensor(0.15625), with_tone).item() == pytest.approx(0.25**2.2)  # 3 / 4^2 - 2 / 4^3 = 0.15625
    assert to_srgb(torch.tensor(0.25**2.2), with_tone).item() == pytest.approx(0.15625)


@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_all_grey_levels_survive_the_curves(tone):
    levels = torch.arange(256) / 255
    again = to_srgb(to_linear(levels, torch.tensor(tone)), torch.tensor(tone))
    torch.testing.assert_close(again, levels, rtol=0, atol=HALF_A_LEVEL / 4)


def test_a_color_matrix_is_that_of_its_camera_and_keeps_white():
    corner = color_matrix(torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(corner.sum(dim=2), torch.ones(4, 3, dtype=torch.float64))
    green = sum(XYZ_TO_CAMERA[1][0][k] * (0.3575761, 0.7151522, 0.1191920)[k] for k in range(3))
    white = sum(XYZ_TO_CAMERA[1][0][k] * (0.9504700, 1.0000001, 1.0888300)[k] for k in range(3))
    assert corner[1, 0, 1].item() == pytest.approx(green / white, abs=1e-5)


def test_clean_pictures_come_back_from_the_sensor_within_half_a_grey_level_where_nothing_is_clipped():
    clean = torch.randint(0, 256, (32, 3, 24, 24), generator=generator()) / 255
    camera = settings(CameraNoise(tone=0.5), clean, 1)
    linear = to_linear(clean, camera.tone)
    colors = to_sensor(linear, camera)
    again = to_srgb(from_sensor(colors, camera), camera.tone)
    bright = torch.einsum("nij,njhw->nihw", camera.matrix, linear).mean(dim=1, keepdim=True) > 0.9
    unclipped = ~bright.expand_as(clean)
    assert unclipped.float().mean() > 0.9
    assert (again - clean)[unclipped].abs().max() < HALF_A_LEVEL


def test_white_stays_white_at_the_sensor_whatever_the_gains():
    white = torch.ones(16, 3, 2, 2)
    camera = settings(CameraNoise(brightness=(0.8, 0.0)), white, 0)
    torch.testing.assert_close(to_sensor(white, camera), white)
    middle = to_sensor(0.5 * white, camera)
    torch.testing.assert_close(middle * camera.gains, 0.5 * white)


def test_a_colored_surface_comes_back_through_mosaic_and_demosaicing():
    clean = (torch.randint(0, 230, (32, 3, 1, 1), generator=generator()) / 255).expand(32, 3, 8, 10)
    camera = settings(CameraNoise(), clean, 2)
    plane = mosaic(to_sensor(to_linear(clean, camera.tone), camera), camera.pattern)
    colors = demosaic(plane, camera.pattern, camera.demosaic)
    again = to_srgb(from_sensor(colors, camera), camera.tone)
    assert (again - clean).abs().max() < HALF_A_LEVEL
