"""The grid of a former JPEG: found where there is one, at its place, and not where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from restore.data import SamplePictures
from restore.images import jpeg_grid, jpeg_round_trip, read_pixels
from restore.images.jpeg_grid import _log_tail


@pytest.fixture(scope="module")
def photos():
    """Photographs that were never a JPEG, or shrunk since."""
    paths = {path.stem: path for path in SamplePictures("all").paths}
    return [read_pixels(paths[name], 3) for name in ("astronaut", "coffee", "motorcycle_left")]


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
def test_a_former_jpeg_is_told_from_what_it_was_made_of(photos, quality):
    for pixels in photos:
        assert jpeg_grid(pixels) is None
        found = jpeg_grid(jpeg_round_trip(pixels, quality))
        assert found[:2] == (0, 0)
        assert found.share > 0.1


def test_a_cut_moves_the_grid(photos):
    former = jpeg_round_trip(photos[0], 75)
    assert jpeg_grid(former[3:, 5:])[:2] == (5, 3)
    assert jpeg_grid(former[8:, 16:])[:2] == (0, 0)
    large = np.pad(former, ((301, 301), (302, 302), (0, 0)), mode="symmetric")  # only the middle is looked at
    assert jpeg_grid(large)[:2] == (301 % 8, 302 % 8)


def test_gray_and_deep_pictures_are_looked_at_too(photos):
    gray = jpeg_round_trip(photos[0][:, :, 1:2].copy(), 60)
    assert jpeg_grid(gray)[:2] == (0, 0)
    assert jpeg_grid(gray.astype(np.uint16) * 257)[:2] == (0, 0)
    assert jpeg_grid(photos[0][:, :, 1:2]) is None


def test_drawings_and_small_pictures_have_no_grid():
    for pixels in (np.zeros((1, 1, 3)), np.zeros((16, 400, 1)), np.full((100, 100, 3), 7)):
        assert jpeg_grid(pixels.astype(np.uint8)) is None
    x = np.mgrid[:200, :300][1]
    for drawing in (x % 256, (x // 16) * 12 % 256, np.where(x < 150, 0, 255)):
        assert jpeg_grid(drawing.astype(np.uint8)[:, :, None]) is None


def test_noise_has_no_grid():
    noise = np.random.default_rng(0).integers(0, 256, (20, 128, 128, 1)).astype(np.uint8)
    assert [jpeg_grid(one) for one in noise] == [None] * 20


@pytest.mark.parametrize(("count", "of"), [(0, 5), (3, 5), (40, 2000), (90, 2000)])
def test_the_tail_is_the_binomial_one(count, of):
    stats = pytest.importorskip("scipy.stats")
    assert _log_tail(count, of, 1 / 64) == pytest.approx(stats.binom.logsf(count - 1, of, 1 / 64), rel=1e-6, abs=1e-9)
