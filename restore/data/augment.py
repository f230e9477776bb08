"""Flips and quarter turns of training patches, by albumentations.

albumentations 2 draws from streams of its own, which are the same in every loading process and epoch unless they are
seeded by hand (albumentations issue list; measured), and seeding them costs ten times the turn itself. So the turn is
drawn here, from the patch's own seed, and albumentations does it: the same for any number of workers and ranks.
"""

from __future__ import annotations

import os

import numpy as np

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the package index at import

import albumentations as A

_TURNS = ("e", "r90", "r180", "r270", "v", "hvt", "h", "t")
"""The flips and turns of the square, by albumentations' names."""


class FlipsAndTurns:
    """The eight flips and quarter turns of a square patch, each equally likely."""

    def __init__(self) -> None:
        self._transform = A.D4(p=1.0)

    def __call__(self, patch: np.ndarray, seed: int) -> np.ndarray:
        """(S, S, C) uint8 -> (S, S, C) uint8, a view; the same seed gives the same turn."""
        turned: np.ndarray = self._transform.apply(patch, group_element=_TURNS[seed % len(_TURNS)])
        return turned


class NoAugmentation:
    """The control: returns its patch."""

    def __call__(self, patch: np.ndarray, seed: int) -> np.ndarray:
        """Return `patch`."""
        return patch
