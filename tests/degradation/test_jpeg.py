"""JPEG by the real codec."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from restore.data import SamplePictures
from restore.degradation import Jpeg
from restore.errors import ConfigError
from restore.images import to_tensor


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_it_equals_libjpeg():
    pixels = SamplePictures("validation")[0][:64, :96]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=80, subsampling=0)
    expected = np.asarray(Image.open(file))
    stored = Jpeg(80, subsampling=0.0)(to_tensor(pixels)[None], generator())
    torch.testing.assert_close(stored[0], to_tensor(expected), rtol=0, atol=0)


def test_lower_quality_loses_more():
    clean = to_tensor(SamplePictures("validation")[0])[None, :, 100:228, 100:228]
    errors = [(Jpeg(quality)(clean, generator()) - clean).square().mean().item() for quality in (95, 60, 20)]
    assert errors[0] < errors[1] < errors[2]


def test_pictures_of_a_batch_get_qualities_of_their_own():
    clean = to_tensor(SamplePictures("validation")[0])[None, :, 100:164, 100:164].repeat(6, 1, 1, 1)
    stored = Jpeg((10, 95))(clean, generator())
    assert len({picture.numpy().tobytes() for picture in stored}) > 3


@pytest.mark.parametrize("quality", [0, 101, (80, 60)])
def test_a_quality_that_does_not_exist_is_refused(quality):
    with pytest.raises(ConfigError, match="quality"):
        Jpeg(quality)


@pytest.mark.parametrize("share", [-1, 1.01, 7])
def test_a_share_of_subsampled_pictures_is_0_to_1(share):
    with pytest.raises(ConfigError, match="subsampling"):
        Jpeg(subsampling=share)
