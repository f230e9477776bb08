"""Flips and quarter turns of training patches, by albumentations.

albumentations 2 gives every worker the same random stream unless it is seeded by hand (albumentations issue
list; measured): here each patch seeds it from the patch's own number, so that the stream is the same for any
number of workers and ranks, and different in every epoch.
"""

from __future__ import annotations

import os

import numpy as np

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the package index at import

import albumentations as A


class FlipsAndTurns:
    """The eight flips and quarter turns of a square patch, each equally likely."""

    def __init__(self) -> None:
        self._transform = A.Compose([A.D4(p=1.0)])

    def __call__(self, patch: np.ndarray, seed: int) -> np.ndarray:
        """(S, S, C) uint8 -> (S, S, C) uint8; the same seed gives the same turn."""
        self._transform.set_random_seed(seed % 2**32)
        turned: np.ndarray = self._transform(image=patch)["image"]
        return turned


class NoAugmentation:
    """The control: returns its patch."""

    def __call__(self, patch: np.ndarray, seed: int) -> np.ndarray:
        """Return `patch`."""
        return patch
