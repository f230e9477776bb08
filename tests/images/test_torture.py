"""The torture files, where they are to be had; `test_read` makes files of the same kinds for everybody."""

from __future__ import annotations

import json

import numpy as np
import pytest

from restore.errors import DataError
from restore.images import find_pictures, read_picture, to_eight_bits, write_picture

BROKEN = {
    "bomb_60000x60000.png": "60000 x 60000",
    "text_named.png": "not a picture",
    "truncated.jpg": "cut short",
    "zero_byte.png": "empty",
}


@pytest.fixture(scope="module")
def odd(shared):
    return shared / "data" / "odd"


def test_each_file_is_read_as_it_looks_or_refused_by_name(odd):
    expected = json.loads((odd / "expected.json").read_text())
    found = find_pictures(odd)
    assert {str(path.relative_to(odd)) for path in found} == set(expected)
    for path in found:
        name = str(path.relative_to(odd))
        if name in BROKEN:
            with pytest.raises(DataError, match=BROKEN[name]) as caught:
                read_picture(path)
            assert path.name in str(caught.value)
            continue
        picture, facts = read_picture(path), expected[name]
        if "stored_w" in facts:
            assert picture.pixels.shape[:2] == (
                facts.get("view_h", facts["stored_h"]),
                facts.get("view_w", facts["stored_w"]),
            )
        if "mean_rgb" in facts:
            mean = np.broadcast_to(to_eight_bits(picture.pixels).mean((0, 1)), 3)
            np.testing.assert_allclose(mean, facts["mean_rgb"], atol=0.6)
        assert (picture.metadata.icc is not None) == facts.get("icc", False)


def test_each_good_file_can_be_written_under_its_own_name_and_keeps_its_form(odd, tmp_path):
    for path in find_pictures(odd):
        if path.name in BROKEN:
            continue
        picture = read_picture(path)
        write_picture(tmp_path / path.name, picture)
        back = read_picture(tmp_path / path.name)
        assert back.pixels.shape == picture.pixels.shape
        assert back.pixels.dtype == picture.pixels.dtype
        assert back.metadata.icc == picture.metadata.icc
        assert (back.alpha is None) == (picture.alpha is None)
        assert np.abs(back.pixels.astype(float) - picture.pixels).mean() < 2


def test_sixteen_bits_are_true_sixteen_bits(odd):
    png, tiff = read_picture(odd / "rgb16.png").pixels, read_picture(odd / "rgb16.tif").pixels
    assert png.dtype == np.uint16
    np.testing.assert_array_equal(png, tiff)
    assert ((png >> 8) != (png & 255)).any()
