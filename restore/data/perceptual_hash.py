"""What a picture looks like in 64 bits, so that copies of it are found: flipped, turned, resized, recompressed ones.

Method: the DCT hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", diploma thesis,
FH Oberösterreich 2010, section 3.2.1: the signs of the lowest frequencies. A flip changes the sign of the odd
frequencies and a quarter turn swaps rows and columns, so the hashes of all eight forms come out of one transform.
A picture that was cropped by more than a few per cent has another hash: `restore.images.Keypoints` finds those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_SIDE = 32  # the picture is shrunk to 32 x 32 means
_KEPT = 8  # and its 8 x 8 lowest frequencies are kept
_LUMA = np.array([0.299, 0.587, 0.114])


class Fingerprint(NamedTuple):
    """A picture in small."""

    hashes: np.ndarray
    """(8,) uint64: of the picture, flipped left to right, top to bottom, both, and the four of its transpose."""
    thumbnails: np.ndarray
    """(8, 32, 32) float32, the same forms with mean 0 and length 1; all zero for a picture of one colour."""


class Alike(NamedTuple):
    """Two pictures that look the same."""

    first: int
    second: int
    distance: int
    """How many of the 64 bits differ, in the form in which they are most alike."""
    correlation: float
    """Of the two 32 x 32 thumbnails in that form, -1 to 1."""
    form: str
    """What is done to the first to get the second; empty where nothing is."""


_FORMS = (
    "",
    "mirrored",
    "upside down",
    "turned by 180 degrees",
    "transposed",
    "turned by 90 degrees",
    "turned by 270 degrees",
    "transposed over the other diagonal",
)


def fingerprint(pixels: np.ndarray) -> Fingerprint:
    """The fingerprint of a picture, (H, W, 1 or 3) of any type.

    Example:
        >>> picture = np.random.default_rng(0).integers(0, 256, (64, 64, 1))
        >>> int(fingerprint(picture).hashes[1]) == int(fingerprint(picture[:, ::-1]).hashes[0])
        True
    """
    gray = pixels.astype(np.float64) @ (_LUMA if pixels.shape[2] == 3 else np.ones(1))  # (H, W)
    small = _means(_means(gray, 0), 1)  # (32, 32)
    small = small - small.mean()
    frequencies = _cosines() @ small @ _cosines().T  # (8, 8)
    odd = np.where(np.arange(_KEPT) % 2, -1.0, 1.0)
    across, down = frequencies * odd[None, :], frequencies * odd[:, None]
    forms = [frequencies, across, down, across * odd[:, None]]
    pictures = [small, small[:, ::-1], small[::-1], small[::-1, ::-1]]
    forms += [form.T for form in forms]
    pictures += [picture.T for picture in pictures]
    length = float(np.linalg.norm(small))
    thumbnails = np.stack(pictures).astype(np.float32) * (1 / length if length > 1e-6 * small.size else 0)
    return Fingerprint(np.array([_bits(form) for form in forms], np.uint64), thumbnails)


def find_alike(
    prints: Sequence[Fingerprint], others: Sequence[Fingerprint] | None = None, distance: int = 10
) -> list[Alike]:
    """Pairs that look the same, in any of the eight forms.

    A pair must be near in its hash and its thumbnails must correlate by 0.9 or more.

    Args:
        prints: the pictures.
        others: pictures to compare with; None compares `prints` with each other.
        distance: how many of the 64 bits may differ.
    """
    against = prints if others is None else others
    if not prints or not against:
        return []
    table = np.stack([one.hashes[0] for one in against])  # (n,)
    found = []
    for first, one in enumerate(prints):
        begin = first + 1 if others is None else 0
        bits = np.bitwise_count(table[None, begin:] ^ one.hashes[:, None])  # (8, n)
        for second in np.flatnonzero(bits.min(axis=0, initial=64) <= distance) if bits.size else ():
            near = np.flatnonzero(bits[:, second] <= distance)
            straight = against[begin + int(second)].thumbnails[0]
            likeness = [float((one.thumbnails[form] * straight).sum()) for form in near]
            best = int(np.argmax(likeness))
            if likeness[best] >= 0.9:
                pair = first, begin + int(second), int(bits[near[best], second])
                found.append(Alike(*pair, likeness[best], _FORMS[near[best]]))
    return found


def _means(values: np.ndarray, axis: int) -> np.ndarray:
    """Shrink an axis to 32 means of neighbours (repeated where there are fewer)."""
    length = values.shape[axis]
    edges = np.arange(_SIDE + 1) * length // _SIDE
    counts = np.maximum(np.diff(edges), 1)
    sums = np.add.reduceat(values, edges[:-1], axis=axis)
    return sums / np.expand_dims(counts, 1 - axis)


def _cosines() -> np.ndarray:
    """The first 8 rows of the 32-point DCT-II, (8, 32)."""
    places = (2 * np.arange(_SIDE) + 1) * np.pi / (2 * _SIDE)
    return np.cos(np.arange(_KEPT)[:, None] * places[None, :])


def _bits(frequencies: np.ndarray) -> int:
    """One bit a frequency: whether it is positive; the mean of the picture counts for nothing."""
    positive = (frequencies > 0).ravel()
    positive[0] = False
    return int.from_bytes(np.packbits(positive).tobytes(), "big")
