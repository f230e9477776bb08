"""What every degradation promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

from restore.errors import ShapeError


class Degradation(nn.Module, ABC):
    """Makes degraded pictures from clean ones, a batch at a time, on the batch's device.

    Nothing is clipped or rounded, unless the step's name says so. All randomness comes from the generator.

    Attributes:
        scale: how many times smaller the degraded picture is; 1 for noise.
        margin: how many degraded pixels around a patch its degraded form depends on. A patch that is cut with
            `margin * scale` clean pixels more on each side, degraded and then cropped by `margin` equals the same place
            of the whole degraded picture.
        border: with what the margin is filled outside the picture, in numpy's pad modes.

    Shape:
        input (N, C, H, W), float in [0, 1]; output (N, C, H / scale, W / scale), same dtype and device.
    """

    scale: int = 1
    margin: int = 0
    border: Literal["symmetric", "edge"] = "symmetric"

    def degrade_each(self, clean: Tensor, seeds: Iterable[int] | Tensor) -> Tensor:
        """Degrade each picture with a generator of its own, seeded with its number.

        Validation does so, with the picture's index in its set: the result is the same on every worker, rank
        and epoch, however the set is split into batches. `forward`, with one generator a batch, does not promise that.

        Raises:
            ShapeError: not one seed a picture.
        """
        numbers = [int(seed) for seed in seeds]
        if len(numbers) != len(clean):
            raise ShapeError(f"degrade_each needs one seed a picture, got {len(numbers)} for {tuple(clean.shape)}.")
        generators = [torch.Generator().manual_seed(number) for number in numbers]  # on the CPU: alike on all devices
        return torch.cat([self(picture, own) for picture, own in zip(clean.split(1), generators)])

    @abstractmethod
    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The degraded pictures. `clean` is left as it is; the generator may live on another device."""
