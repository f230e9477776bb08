"""imresize: MATLAB's own files, a committed case for those who lack them, and what it promises."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from restore.degradation import enlarge, imresize
from restore.degradation.resize import resize
from restore.errors import ConfigError, ShapeError
from restore.images import read_pixels

ROOT = Path(__file__).parents[2]
TEST_SETS = Path(os.environ.get("RESTORE_SHARED") or ROOT.parent / "shared") / "data" / "test"
EXPECTED = Path(__file__).parent / "expected" / "imresize.json"
PRESETS = ["matlab", "matlab-classic", "bicubic"]


def official_files():
    """(preset, scale, full-size file, MATLAB's file) of every official low-resolution picture that is here."""
    for folder in sorted(TEST_SETS.glob("*_matlab_lr*/x*")):
        preset = "matlab-classic" if folder.parent.name.endswith("_replicate") else "matlab"
        for file in sorted(folder.glob("*.png")):
            full = TEST_SETS / folder.parent.name.split("_")[0] / file.name
            yield pytest.param(
                preset, int(folder.name[1:]), full, file, id=f"{folder.parent.name}-{folder.name}-{file.stem}"
            )


@pytest.mark.parametrize(
    ("preset", "scale", "full", "small"),
    list(official_files())
    or [pytest.param(*[None] * 4, marks=pytest.mark.skip("no official low-resolution pictures: set RESTORE_SHARED"))],
)
def test_equals_the_official_files(preset, scale, full, small):
    pixels = read_pixels(full, 3)
    height, width = (side - side % scale for side in pixels.shape[:2])
    clean = torch.from_numpy(pixels[:height, :width].copy()).permute(2, 0, 1)[None].float() / 255
    found = (imresize(clean, scale, preset) * 255).round()[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(found, read_pixels(small, 3))


def synthetic_picture():
    """24 x 36, gray, 8 bit: a ramp, hard edges and a checkerboard.

    What is expected of it was made by this code when it equalled all official files, and equals a plain numpy
    transcription of MATLAB's documented recipe (kernel, order of axes, rounding after each) in every pixel.
    """
    y, x = np.mgrid[:24, :36]
    pixels = (7 * x + 3 * y) % 256
    pixels[4:12, 6:20] = 255 * ((x + y) % 2)[4:12, 6:20]
    pixels[14:22, 10:30] = np.where((x // 3) % 2, 255, 0)[14:22, 10:30]
    return torch.from_numpy(pixels)[None, None].double() / 255


@pytest.mark.parametrize("preset", PRESETS[:2])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_equals_the_committed_case(preset, scale):
    expected = json.loads(EXPECTED.read_text())[f"{preset} x{scale}"]
    found = (imresize(synthetic_picture(), scale, preset) * 255).round().int()
    assert found[0, 0].tolist() == expected


@pytest.mark.parametrize("preset", PRESETS)
def test_a_flat_picture_stays_flat(preset):
    flat = torch.full((1, 1, 12, 24), 77 / 255)
    for scale in (1, 2, 3, 4):
        torch.testing.assert_close(imresize(flat, scale, preset), flat[..., : 12 // scale, : 24 // scale])
        torch.testing.assert_close(enlarge(flat, scale, preset)[..., :12, :24], flat)


def test_agrees_with_torch_away_from_the_border():
    picture = torch.rand(1, 3, 48, 60, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for size in ((12, 15), (24, 20), (96, 180), (33, 47)):
        ours = resize(picture, size, "bicubic")
        theirs = F.interpolate(picture, size=size, mode="bicubic", antialias=True)
        torch.testing.assert_close(
            ours[..., 4:-4, 4:-4] if min(size) > 12 else ours[..., 3:-3, 3:-3],
            theirs[..., 4:-4, 4:-4] if min(size) > 12 else theirs[..., 3:-3, 3:-3],
        )


def test_matlab_presets_give_eight_bits_in_the_picture_s_dtype():
    picture = torch.rand(2, 3, 16, 16)
    small = imresize(picture, 2)
    assert small.dtype == torch.float32
    assert torch.equal((small * 255).round() / 255, small)


def test_matlab_presets_round_halves_up():
    picture = torch.tensor([0.0, 1.0, 0.0, 1.0]).div(255).reshape(1, 1, 2, 2)  # each column 0, 0 and 1, 1
    assert imresize(picture, 2).mul(255).round().item() == 1  # 0.5 would be 0 half to even


def test_bicubic_has_the_right_gradient():
    picture = torch.rand(1, 2, 6, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: imresize(x, 3, "bicubic"), picture)


def test_weights_that_inference_made_serve_training():
    with torch.inference_mode():
        imresize(torch.rand(1, 1, 44, 28, dtype=torch.float64), 4, "bicubic")
    picture = torch.rand(1, 1, 44, 28, dtype=torch.float64, requires_grad=True)
    imresize(picture, 4, "bicubic").square().sum().backward()
    assert picture.grad is not None


@pytest.mark.parametrize("preset", PRESETS)
def test_pictures_of_a_batch_do_not_mix(preset):
    pictures = torch.rand(3, 3, 12, 16)
    before = pictures.clone()
    together = imresize(pictures, 4, preset)
    assert torch.equal(together, torch.cat([imresize(one, 4, preset) for one in pictures.split(1)]))
    assert torch.equal(pictures, before)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_picture_of_one_output_pixel_works(preset):
    assert imresize(torch.rand(1, 1, 4, 4), 4, preset).shape == (1, 1, 1, 1)
    assert enlarge(torch.rand(1, 1, 1, 1), 4, preset).shape == (1, 1, 4, 4)


def test_mistakes_are_told():
    with pytest.raises(ShapeError, match="Crop the picture to 8 x 8"):
        imresize(torch.rand(1, 1, 9, 10), 4)
    with pytest.raises(ShapeError, match="float"):
        imresize(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), 4)
    with pytest.raises(ConfigError, match="matlab-classic"):
        imresize(torch.rand(1, 1, 8, 8), 4, "octave")
    with pytest.raises(ConfigError, match="scale"):
        imresize(torch.rand(1, 1, 8, 8), 0)
