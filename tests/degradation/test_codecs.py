"""WebP by the real codec, and JPEG that gradients pass."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from restore.data import SamplePictures
from restore.degradation import DifferentiableJpeg, Jpeg, WebP
from restore.errors import ConfigError
from restore.images import to_tensor
from restore.metrics import psnr


@pytest.fixture(scope="module")
def pixels():
    return SamplePictures("validation")[0][100:164, 100:196]


@pytest.mark.parametrize("quality", [30, 85])
def test_webp_equals_pillows(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=quality)
    expected = to_tensor(np.asarray(Image.open(file).convert("RGB")))
    assert torch.equal(WebP(quality).degrade_each(to_tensor(pixels)[None], [0])[0], expected)


def test_every_quality_of_the_range_is_drawn_and_a_lower_one_loses_more(pixels):
    clean = to_tensor(pixels)[None]
    qualities = {one["quality"] for one in WebP((50, 53)).draw_each(clean.expand(60, -1, -1, -1), range(60))}
    assert qualities == {50, 51, 52, 53}
    values = [psnr(WebP(quality).degrade_each(clean, [0]), clean).item() for quality in (10, 50, 95)]
    assert values == sorted(values)


def test_a_gray_picture_stays_gray(pixels):
    gray = to_tensor(pixels)[None, :1]
    for codec in (WebP(80), Jpeg(80), DifferentiableJpeg(80.0)):
        stored = codec.degrade_each(gray, [0])
        assert stored.shape == gray.shape
        assert psnr(stored, gray).item() > 27


def test_gradients_pass_the_smooth_codec_and_are_finite(pixels):
    clean = to_tensor(pixels)[None].requires_grad_()
    DifferentiableJpeg(50.0).degrade_each(clean, [0]).square().sum().backward()
    assert torch.isfinite(clean.grad).all()
    assert clean.grad.abs().max() > 0.1


def test_the_smooth_codec_is_near_libjpeg_and_not_equal(pixels):
    clean = to_tensor(pixels)[None]
    for quality in (40, 90):
        smooth = DifferentiableJpeg(float(quality)).degrade_each(clean, [0])
        real = Jpeg(quality, subsampling=1.0).degrade_each(clean, [0])
        assert 30 < psnr(smooth.clamp(0, 1), real).item() < 60


@pytest.mark.parametrize("codec", [WebP, DifferentiableJpeg])
def test_a_quality_that_does_not_exist_is_refused(codec):
    for quality in (0, 101, (80, 60)):
        with pytest.raises(ConfigError, match="quality"):
            codec(quality)
