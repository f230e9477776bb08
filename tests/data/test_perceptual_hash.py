"""Perceptual hashes: what they see through, and what they tell apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from restore.data import SamplePictures, find_alike, fingerprint
from restore.images import jpeg_round_trip

PICTURES = list(SamplePictures("all"))


def halved(pixels):
    height, width = (side // 2 for side in pixels.shape[:2])
    return pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3).mean(axis=(1, 3))


CHANGES = {
    "nothing": lambda p: p,
    "mirrored": lambda p: p[:, ::-1],
    "upside down": lambda p: p[::-1],
    "turned": np.rot90,
    "turned three times": lambda p: np.rot90(p, 3),
    "transposed": lambda p: p.transpose(1, 0, 2),
    "recompressed": lambda p: jpeg_round_trip(np.ascontiguousarray(p), 50),
    "shrunk": halved,
    "gray": lambda p: p.mean(axis=2, keepdims=True),
    "brighter": lambda p: p / 2 + 100,
    "noisy": lambda p: p + np.random.default_rng(0).normal(0, 15, p.shape),
    "cut by a multiple of 8": lambda p: p[: p.shape[0] // 8 * 8, : p.shape[1] // 8 * 8],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change):
    prints = [fingerprint(picture) for picture in PICTURES]
    changed = [fingerprint(CHANGES[change](picture)) for picture in PICTURES]
    found = {(pair.first, pair.second) for pair in find_alike(changed, prints)}
    assert found == {(number, number) for number in range(len(PICTURES))}


def test_the_eight_hashes_are_those_of_the_eight_forms():
    square = PICTURES[1][:256, :256]
    forms = [square, square[:, ::-1], square[::-1], square[::-1, ::-1]]
    forms += [form.transpose(1, 0, 2) for form in forms]
    expected = [fingerprint(form).hashes[0] for form in forms]
    assert fingerprint(square).hashes.tolist() == expected
    for form, thumbnail in zip(forms, fingerprint(square).thumbnails, strict=True):
        np.testing.assert_allclose(fingerprint(form).thumbnails[0], thumbnail, atol=1e-6)


def test_a_pair_within_a_list_is_found_once():
    prints = [fingerprint(picture) for picture in (PICTURES[0], PICTURES[2], PICTURES[0][:, ::-1])]
    (pair,) = find_alike(prints)
    assert (pair.first, pair.second, pair.distance) == (0, 2, 0)
    assert pair.correlation == pytest.approx(1, abs=1e-5)
    assert find_alike([]) == find_alike(prints, []) == []


def test_pictures_of_one_colour_are_like_nothing():
    flat = [fingerprint(np.full((40, 40, 3), value, np.uint8)) for value in (0, 0, 200)]
    assert find_alike(flat) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 70), (31, 33)])
def test_small_pictures_have_a_fingerprint(height, width):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 1), dtype=np.uint8)
    print_of = fingerprint(pixels)
    assert np.isfinite(print_of.thumbnails).all()
    assert print_of.hashes.shape == (8,)


def test_half_of_a_picture_is_not_promised():
    """What the module says of crops: half of a picture is another picture to the hash."""
    cut = [fingerprint(picture[: picture.shape[0] // 2, : picture.shape[1] // 2]) for picture in PICTURES]
    assert len(find_alike(cut, [fingerprint(picture) for picture in PICTURES])) <= 2


def test_random_pictures_are_not_alike():
    random = np.random.default_rng(0)
    smooth = [np.cumsum(random.normal(size=(64, 64, 1)), axis=1) for _ in range(40)]
    prints = [fingerprint(picture) for picture in smooth]
    assert find_alike(prints) == []
    assert len(list(itertools.combinations(prints, 2))) == 780
