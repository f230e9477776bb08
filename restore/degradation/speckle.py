"""Speckle: noise that multiplies the picture."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Range, Source, normal, pair, values


class SpeckleNoise(Step):
    """Multiplies each pixel with 1 + n, n Gaussian of mean 0; neither clipped nor rounded.

    Args:
        strength: standard deviation of n, 0.1 for ten percent; a pair (low, high) draws one for each picture.

    Raises:
        ConfigError: a negative strength, or the pair is the wrong way round.
    """

    def __init__(self, strength: Range = (0.02, 0.2)) -> None:
        super().__init__()
        self.strength = pair("strength", strength)

    def draw(self, source: Source) -> Drawn:
        """The strength and the noise."""
        return {"strength": source.uniform(*self.strength), "noise": source.stream()}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The pictures times their noise."""
        noise = normal(clean.shape[1:], [one["noise"] for one in drawn], clean)
        return clean * (1 + values(drawn, "strength", clean) * noise)
