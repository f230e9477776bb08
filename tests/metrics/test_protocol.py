"""The protocols: what each does to a picture before it is compared."""

from __future__ import annotations

import math

import pytest
import torch

from restore.errors import ConfigError, RestoreError, ShapeError
from restore.metrics import PROTOCOLS, find_protocol, luminance, ssim_3d


def random_pair(channels=3, size=24):
    generator = torch.Generator().manual_seed(0)
    target = (torch.rand(2, channels, size, size, generator=generator) * 255).round() / 255
    return target + 0.05 * torch.randn(target.shape, generator=generator), target


def test_the_names_are_those_of_the_documentation():
    assert list(PROTOCOLS) == ["sr-y", "sr-rgb", "awgn-rgb", "awgn-gray", "real-srgb", "sidd-srgb", "real-raw"]
    assert all(protocol.name == name for name, protocol in PROTOCOLS.items())


def test_a_misspelt_name_is_told_the_nearest_and_all():
    with pytest.raises(ConfigError, match=r"sr-y, sr-rgb, .*real-raw\. Did you mean 'awgn-rgb'\?"):
        find_protocol("agwn-rgb")


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "real-raw"])
def test_pictures_are_clamped_and_rounded_half_to_even(name):
    protocol = PROTOCOLS[name]
    channels = 1 if protocol.channels == "gray" else 3
    levels = torch.tensor([-40.0, 0.5, 1.5, 2.5, 254.5, 300.0], dtype=torch.float64)
    expected = torch.tensor([0.0, 0.0, 2.0, 2.0, 254.0, 255.0], dtype=torch.float64)
    picture = (levels / 255).reshape(1, 1, 1, 6).expand(1, channels, 9, 6)
    if protocol.cut_border:
        picture = torch.nn.functional.pad(picture, (2, 2, 2, 2))
    prepared = protocol.prepare(picture, scale=2 if protocol.cut_border else 1)
    if protocol.channels == "luminance":
        expected = (expected * 219 / 255) + 16
    assert prepared.dtype == torch.float64
    torch.testing.assert_close(prepared[0, 0, 0] * 255, expected, rtol=0, atol=1e-9)


def test_super_resolution_cuts_scale_pixels_on_each_side():
    restored, target = random_pair()
    spoilt = restored.clone()
    spoilt[..., :3, :] = 0
    spoilt[..., -3:] = 0
    whole, cut = PROTOCOLS["awgn-rgb"], PROTOCOLS["sr-rgb"]
    assert torch.equal(cut.psnr(spoilt, target, 3), cut.psnr(restored, target, 3))
    assert not torch.equal(cut.psnr(spoilt, target, 2), cut.psnr(restored, target, 2))
    assert not torch.equal(whole.psnr(spoilt, target, 3), whole.psnr(restored, target, 3))


def test_luma_is_taken_of_the_rounded_picture_and_not_rounded_itself():
    restored, _ = random_pair()
    rounded = (restored.double().clamp(0, 1) * 255).round() / 255
    prepared = PROTOCOLS["sr-y"].prepare(restored, scale=2)
    torch.testing.assert_close(prepared, luminance(rounded)[..., 2:-2, 2:-2], rtol=0, atol=0)


def test_sr_y_takes_a_gray_picture_as_it_is():
    restored, target = random_pair(channels=1)
    assert torch.equal(
        PROTOCOLS["sr-y"].psnr(restored, target, 2)[0],
        PROTOCOLS["awgn-gray"].psnr(restored[..., 2:-2, 2:-2], target[..., 2:-2, 2:-2])[0],
    )


def test_the_same_gray_error_in_rgb_counts_less_by_the_width_of_the_studio_range():
    restored, target = random_pair(channels=1)
    gray = PROTOCOLS["sr-y"].psnr(restored, target, 2)
    rgb = PROTOCOLS["sr-y"].psnr(restored.expand(-1, 3, -1, -1), target.expand(-1, 3, -1, -1), 2)
    assert (rgb - gray).tolist() == pytest.approx([20 * math.log10(255 / 219)] * 2, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "channels", "hint"), [("awgn-rgb", 1, "awgn-gray"), ("awgn-gray", 3, "awgn-rgb"), ("real-srgb", 1, "Conv")]
)
def test_the_wrong_number_of_channels_is_refused_with_advice(name, channels, hint):
    restored, target = random_pair(channels)
    with pytest.raises(ShapeError, match=hint):
        PROTOCOLS[name].compare(restored, target)


@pytest.mark.parametrize(("size", "scale"), [(8, 4), (4, 2), (3, 4)])
def test_a_picture_that_is_all_border_is_refused(size, scale):
    restored, target = random_pair(size=size)
    with pytest.raises(ShapeError, match="nothing is left"):
        PROTOCOLS["sr-y"].psnr(restored, target, scale)


def test_a_scale_below_one_is_refused():
    with pytest.raises(RestoreError, match="scale"):
        PROTOCOLS["sr-y"].psnr(*random_pair(), scale=0)


def test_both_scores_are_those_asked_for_one_by_one():
    restored, target = random_pair()
    for name in ("sr-y", "sr-rgb", "awgn-rgb", "real-srgb"):
        scores = PROTOCOLS[name].compare(restored, target, 2)
        assert torch.equal(scores.psnr, PROTOCOLS[name].psnr(restored, target, 2))
        assert torch.equal(scores.ssim, PROTOCOLS[name].ssim(restored, target, 2))


def test_what_is_compared_is_left_alone():
    restored, target = random_pair()
    before = restored.clone(), target.clone()
    PROTOCOLS["sr-y"].compare(restored, target, 2)
    assert torch.equal(restored, before[0])
    assert torch.equal(target, before[1])


def test_raw_planes_are_clamped_and_not_rounded():
    target = torch.full((1, 4, 16, 16), 0.5)
    found = PROTOCOLS["real-raw"].psnr(target + 0.001, target)
    assert found.item() == pytest.approx(60, abs=1e-3)  # rounded to 8 bit they would be equal
    assert torch.equal(PROTOCOLS["real-raw"].prepare(target - 1), torch.zeros(1, 4, 16, 16, dtype=torch.float64))


def test_sidd_s_protocol_differs_from_real_srgb_in_the_window_alone():
    restored, target = random_pair()
    sidd, real = PROTOCOLS["sidd-srgb"], PROTOCOLS["real-srgb"]
    assert torch.equal(sidd.psnr(restored, target), real.psnr(restored, target))
    assert torch.equal(sidd.prepare(restored), real.prepare(restored))
    assert torch.equal(sidd.ssim(restored, target), ssim_3d(sidd.prepare(restored), sidd.prepare(target)))
    assert not torch.equal(sidd.ssim(restored, target), real.ssim(restored, target))
