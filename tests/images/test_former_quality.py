"""The quality of a former JPEG, read from its pixels."""

from __future__ import annotations

import numpy as np
import pytest

from restore.data import SamplePictures
from restore.images import JpegGrid, former_quality, jpeg_grid, jpeg_round_trip, read_pixels


@pytest.fixture(scope="module")
def photo():
    path = next(path for path in SamplePictures("all").paths if path.stem == "astronaut")
    return read_pixels(path, 3)[100:400, 100:400]


@pytest.mark.parametrize("quality", [20, 50, 75, 90, 96])
def test_it_is_the_setting_that_libjpeg_had(photo, quality):
    former = jpeg_round_trip(photo, quality)
    assert former_quality(former, JpegGrid(0, 0, 1.0)) == quality
    cut = former[5:, 2:]
    assert former_quality(cut, jpeg_grid(cut)) == quality
    gray = jpeg_round_trip(photo[:, :, :1].copy(), quality)
    assert former_quality(gray.astype(np.uint16) * 257, JpegGrid(0, 0, 1.0)) == quality


def test_it_is_none_where_nothing_was_quantized_or_off_the_grid(photo):
    assert former_quality(photo, JpegGrid(0, 0, 1.0)) is None
    assert former_quality(jpeg_round_trip(photo, 75), JpegGrid(3, 0, 1.0)) is None
    assert former_quality(np.zeros((64, 64, 3), np.uint8), JpegGrid(0, 0, 1.0)) is None
