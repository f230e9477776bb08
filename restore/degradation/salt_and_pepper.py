"""Salt and pepper: pixels that are lost to white or black."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Range, Source, pair, uniform, values


class SaltAndPepperNoise(Step):
    """Sets pixels to 1 (salt) or 0 (pepper).

    Args:
        share: of the pixels that are lost, 0 to 1; a pair (low, high) draws one for each picture.
        salt: share of the lost pixels that become white; or a pair.
        per_channel: whether each channel loses pixels of its own.

    Raises:
        ConfigError: a share outside 0 to 1, or a pair the wrong way round.
    """

    def __init__(self, share: Range = (0.0, 0.1), salt: Range = 0.5, per_channel: bool = False) -> None:
        super().__init__()
        self.share = pair("share", share, 0, 1)
        self.salt = pair("salt", salt, 0, 1)
        self.per_channel = per_channel

    def draw(self, source: Source) -> Drawn:
        """Both shares, and which pixels."""
        return {
            "share": source.uniform(*self.share),
            "salt": source.uniform(*self.salt),
            "noise": source.stream(),
        }

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The pictures with pixels lost."""
        channels, height, width = clean.shape[1:]
        shape = (channels if self.per_channel else 1, height, width)
        level = uniform(shape, [one["noise"] for one in drawn], clean)  # (N, 1 or C, H, W)
        share = values(drawn, "share", clean)
        salted = level < share * values(drawn, "salt", clean)
        return torch.where(level < share, salted.to(clean), clean)
