"""The quality of JPEG files is the one they were written with."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from restore.images import Metadata, Picture, jpeg_quality, write_picture


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 90, 95, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pillow_s_setting_is_found(tmp_path, quality, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.jpg", quality=quality)
    assert jpeg_quality(tmp_path / "a.jpg") == quality


def test_other_tables_give_the_nearest(tmp_path):
    tables = [[3 + place // 16 for place in range(64)]] * 2
    Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", qtables=tables)
    assert 90 <= jpeg_quality(tmp_path / "a.jpg") <= 97


def test_what_is_no_jpeg_has_no_quality(tmp_path):
    write_picture(tmp_path / "a.png", Picture(np.zeros((8, 8, 3), np.uint8), metadata=Metadata("PNG")))
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(file.getvalue()[:30])
    (tmp_path / "empty.jpg").touch()
    assert [jpeg_quality(tmp_path / name) for name in ("a.png", "cut.jpg", "empty.jpg", "missing.jpg")] == [None] * 4
