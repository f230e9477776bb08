"""The photographs inside the scikit-image wheel: pictures that every installation has.

All are public domain or CC0 by the list in `skimage/data/README.txt`; none is copied into this repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import skimage

from restore.errors import ConfigError
from restore.images import read_pixels

_TRAIN = (
    "brick.png",
    "camera.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "moon.png",
    "motorcycle_left.png",
    "retina.jpg",
)
_VALIDATION = ("astronaut.png", "chelsea.png", "rocket.jpg")


class SamplePictures:
    """Built-in photographs as (H, W, image_channels) uint8; pictures for validation are never in training.

    Args:
        split: "train", "validation" or "all".
        image_channels: 3 (RGB) or 1 (gray).

    Raises:
        ConfigError: another split.

    Example:
        >>> SamplePictures("validation").names
        ['astronaut.png', 'chelsea.png', 'rocket.jpg']
    """

    def __init__(self, split: Literal["train", "validation", "all"] = "all", image_channels: Literal[1, 3] = 3) -> None:
        splits = {"train": _TRAIN, "validation": _VALIDATION, "all": _TRAIN + _VALIDATION}
        if split not in splits:
            raise ConfigError(f"SamplePictures has no split '{split}'. Choose one of {', '.join(splits)}.")
        self.names = list(splits[split])
        self.image_channels = image_channels

    @property
    def paths(self) -> list[Path]:
        """The files, where scikit-image is installed."""
        folder = Path(skimage.__file__).parent / "data"
        return [folder / name for name in self.names]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        """Picture `index`, (H, W, image_channels) uint8."""
        return read_pixels(self.paths[index], self.image_channels)
