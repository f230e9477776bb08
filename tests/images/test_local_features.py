"""Corners find a piece of a picture in it, and nothing in another."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.data import SamplePictures
from restore.images import find_shared, jpeg_round_trip, local_features

PICTURES = [picture for name, picture in zip(SamplePictures("all").names, SamplePictures("all")) if "moon" not in name]
BASE = [local_features(picture) for picture in PICTURES]


def half(pixels):
    """A quarter of its area, out of the middle."""
    height, width = pixels.shape[:2]
    return pixels[height // 4 : height - height // 4, width // 4 : width - width // 4]


CHANGES = {
    "a piece": half,
    "a smaller piece": lambda p: cv2.resize(half(p), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA),
    "a turned piece": lambda p: np.rot90(half(p)),
    "a recompressed piece": lambda p: jpeg_round_trip(np.ascontiguousarray(half(p)), 60),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_piece_is_found_in_its_picture_alone(change):
    pieces = [local_features(CHANGES[change](picture)) for picture in PICTURES]
    found = {(pair.first, pair.second) for pair in find_shared(pieces, BASE)}
    assert all(first == second for first, second in found)
    assert len(found) >= len(PICTURES) - 3  # brick, grass, gravel: a texture looks alike everywhere


def test_a_mirrored_piece_is_found_by_its_mirror_image():
    mirrored = half(PICTURES[2])[:, ::-1]
    assert find_shared([local_features(mirrored)], BASE) == []
    (pair,) = find_shared([local_features(mirrored[:, ::-1])], BASE)
    assert (pair.first, pair.second) == (0, 2)
    assert pair.corners >= 20


@pytest.mark.parametrize("pixels", [np.zeros((1, 1, 1), np.uint8), np.full((50, 50, 3), 9, np.uint8)])
def test_a_picture_without_corners_shares_nothing(pixels):
    empty = local_features(pixels)
    assert len(empty.places) == len(empty.descriptors) == 0
    assert find_shared([empty], BASE) == find_shared(BASE, [empty]) == find_shared([], []) == []
