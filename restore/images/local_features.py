"""Corners of pictures and what lies around them, to find a piece of one picture in another.

Method: Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", IJCV 2004, section 7, by OpenCV: each corner
votes for the pictures that have a corner like it, and a picture with enough votes must then have its corners at the
same places, up to one shift, turn and change of size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from restore.images.picture import Pixels

_LONGEST = 640  # larger pictures are shrunk to it
_NEIGHBORS = 8  # votes of a corner
_FAR = 250.0  # corners further apart than this are not alike; the descriptors are 0 to 255 in 128 dimensions
_RATIO = 0.8  # section 7.1: the second nearest must be so much further away
_AWAY = 3.0  # pixels by which a corner may miss its place


class Features(NamedTuple):
    """The corners of a picture."""

    places: np.ndarray
    """(n, 2) float32, x and y."""
    descriptors: np.ndarray
    """(n, 128) float32."""


class Shared(NamedTuple):
    """Two pictures that show the same thing somewhere."""

    first: int
    second: int
    corners: int
    """How many corners lie at the same places."""


def local_features(pixels: Pixels, limit: int = 400) -> Features:
    """The strongest corners of a uint8 picture (H, W, 1 or 3), at most `limit`."""
    gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY) if pixels.shape[2] == 3 else pixels[:, :, 0]
    shrink = _LONGEST / max(gray.shape)
    if shrink < 1:
        gray = cv2.resize(np.ascontiguousarray(gray), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    sift = cv2.SIFT_create(nfeatures=limit)  # type: ignore[attr-defined]
    points, descriptors = sift.detectAndCompute(np.ascontiguousarray(gray), None)
    if descriptors is None:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    return Features(np.array([point.pt for point in points], np.float32), descriptors.astype(np.float32))


def find_shared(pictures: Sequence[Features], base: Sequence[Features], corners: int = 20) -> list[Shared]:
    """Pairs of a picture and one of `base` of which one shows a part of the other, or both the same part.

    Args:
        pictures: what is looked for; give the mirrored ones as well to find those.
        base: what it is looked for in.
        corners: how many must lie at the same places; two photographs of one kind of butterfly share 14, a piece of
            one photograph mostly 30 and more.
    """
    owners = np.repeat(np.arange(len(base)), [len(one.places) for one in base])  # (all corners,)
    if len(owners) <= _NEIGHBORS:
        return []
    cv2.setRNGSeed(0)  # the trees of the index are random
    index = cv2.FlannBasedMatcher({"algorithm": 1, "trees": 4}, {"checks": 32})
    index.add([np.concatenate([one.descriptors for one in base])])
    index.train()
    found = []
    for first, one in enumerate(pictures):
        if len(one.places) < corners:
            continue
        votes: Counter[int] = Counter()
        for near in index.knnMatch(one.descriptors, k=_NEIGHBORS):
            votes.update({int(owners[match.trainIdx]) for match in near if match.distance < _FAR})
        for second, count in sorted(votes.items()):
            if count >= corners and (agreeing := _agreeing(one, base[second])) >= corners:
                found.append(Shared(first, second, agreeing))
    return found


def _agreeing(one: Features, other: Features) -> int:
    """How many corners of the two lie at the same places, up to a similarity of the plane."""
    if len(other.places) < 2:
        return 0
    matches = [
        pair[0]
        for pair in cv2.BFMatcher(cv2.NORM_L2).knnMatch(one.descriptors, other.descriptors, k=2)
        if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance
    ]
    if len(matches) < 3:
        return 0
    here = one.places[[match.queryIdx for match in matches]]
    there = other.places[[match.trainIdx for match in matches]]
    transform, inside = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=_AWAY)
    if transform is None:
        return 0
    kept = np.flatnonzero(inside)
    spots = {tuple(np.round(there[place] / 8).astype(int)) for place in kept}  # many corners in one spot are one
    return len(spots)
