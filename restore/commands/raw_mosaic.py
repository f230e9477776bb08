"""Raw output of a degradation as something to look at and to store: the sensor's mosaic, one gray value a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.camera_mosaic import PATTERNS, unpack
from restore.errors import ConfigError

_DEEP = (".png", ".tif", ".tiff")
"""Names of files that hold 16 bits."""


def mosaic_pattern(steps: Sequence[tuple[Step, Drawn]]) -> int | None:
    """The number of the Bayer pattern that the steps leave a picture in; None where it is a picture still."""
    found = [own["pattern"] for step, own in steps if step.channels is not None and "pattern" in own]
    return found[-1] if found else None


def as_mosaic(planes: Tensor, pattern: int) -> Tensor:
    """The mosaic (N, 1, H, W) of packed planes (N, 4, H / 2, W / 2); one that is a mosaic stays as it is."""
    return unpack(planes, torch.full((len(planes),), pattern)) if planes.shape[1] == 4 else planes


def mosaic_name(pattern: int) -> str:
    """What stands under it: "raw mosaic, rggb"."""
    return f"raw mosaic, {PATTERNS[pattern]}"


def deep_names(jobs: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Pairs of a picture and its result, with results in formats of 16 bits: `a.jpg` becomes `a.png`.

    Raises:
        ConfigError: two pictures would have one result.
    """
    results: dict[Path, Path] = {}
    for source, result in jobs:
        deep = result if result.suffix.lower() in _DEEP else result.with_suffix(".png")
        other = results.setdefault(deep, source)
        if other != source:
            raise ConfigError(f"{other} and {source} would both become {deep}. Degrade them in two runs.")
    return [(source, deep) for deep, source in results.items()]
