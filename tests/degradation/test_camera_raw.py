"""Raw output: a mosaic with noise, and the same without as what a network is to make of it."""

import pytest
import torch

from restore.degradation import CameraNoise, Chain, Clip, GaussianNoise, OneOf, Sometimes
from restore.degradation.camera_mosaic import demosaic, unpack
from restore.degradation.camera_pipeline import from_sensor, to_srgb
from restore.errors import ConfigError, ShapeError


@pytest.fixture
def clean():
    return torch.rand(4, 3, 24, 30, generator=torch.Generator().manual_seed(3))


def test_plane_and_packed_are_the_same_mosaic(clean):
    plane, packed = (CameraNoise(output=output) for output in ("plane", "packed"))
    (noisy, target), (noisy4, target4) = (step.degrade_pairs(clean, range(4)) for step in (plane, packed))
    assert noisy.shape == target.shape == (4, 1, 24, 30)
    assert noisy4.shape == target4.shape == (4, 4, 12, 15)
    pattern = plane.settings(plane.draw_each(clean, range(4)), clean).pattern
    assert len(set(pattern.tolist())) > 1
    assert torch.equal(unpack(noisy4, pattern), noisy)
    assert torch.equal(unpack(target4, pattern), target)


def test_the_difference_to_the_target_is_shot_and_read_noise():
    flat = torch.full((1, 3, 256, 256), 0.5)
    step = CameraNoise(output="packed")
    drawn = step.draw_each(flat, [5])
    noise = step.replay(flat, drawn) - step.target(flat, drawn)
    level = step.target(flat, drawn)[0, :, 0, 0]
    expected = (drawn[0]["shot"] * level + drawn[0]["read"]).sqrt()
    torch.testing.assert_close(noise.std(dim=(2, 3))[0], expected, rtol=0.03, atol=0)
    assert torch.corrcoef(noise[0].flatten(1)).sub(torch.eye(4)).abs().max() < 0.03


def test_the_target_developed_again_is_the_photograph():
    clean = (torch.randint(20, 230, (4, 3, 1, 1), generator=torch.Generator().manual_seed(1)) / 255).expand(4, 3, 8, 8)
    step = CameraNoise(output="plane", tone=0.5)
    drawn = step.draw_each(clean, range(4))
    camera = step.settings(drawn, clean)
    colors = demosaic(step.target(clean, drawn), camera.pattern, camera.demosaic)
    again = to_srgb(from_sensor(colors, camera), camera.tone)
    assert (again - clean).abs().max() < 0.5 / 255


def test_an_odd_row_or_column_is_left_out_of_packed_planes(clean):
    step = CameraNoise(output="packed", pattern="rggb")
    noisy, target = step.degrade_pairs(clean[..., :23, :29], range(4))
    assert noisy.shape == target.shape == (4, 4, 11, 14)


def test_steps_after_it_work_on_raw_planes(clean):
    chain = Chain([CameraNoise(output="plane"), GaussianNoise(5, per_channel=True), Clip()])
    assert chain.channels == 1
    noisy, target = chain.degrade_pairs(clean, range(4))
    assert noisy.shape == target.shape == (4, 1, 24, 30)
    assert noisy.min() == 0
    assert torch.equal(target, chain.target(clean, chain.draw_each(clean, range(4))))
    either = OneOf([chain, CameraNoise(output="plane")])
    assert either.degrade_pairs(clean, range(4))[1].shape == target.shape


def test_the_target_of_all_else_is_the_clean_picture(clean):
    noisy, target = Chain([CameraNoise(), Clip()]).degrade_pairs(clean, range(4))
    assert target is clean
    assert noisy.shape == clean.shape


def test_raw_and_srgb_do_not_mix():
    raw = CameraNoise(output="plane")
    with pytest.raises(ConfigError, match="channels"):
        OneOf([raw, CameraNoise()])
    with pytest.raises(ConfigError, match="raw planes"):
        Sometimes(raw)
    with pytest.raises(ConfigError, match="bayer"):
        CameraNoise(output="bayer")
    with pytest.raises(ShapeError, match="RGB"):
        raw(torch.rand(1, 1, 8, 8), torch.Generator())
