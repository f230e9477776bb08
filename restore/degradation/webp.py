"""WebP compression by the real codec."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Source, pair
from restore.images import to_pixels, to_tensor, webp_round_trip


class WebP(Step):
    """Rounds to 8 bit, writes each picture as lossy WebP at a quality of its own and reads it back; runs on the CPU.

    Args:
        quality: libwebp's, 1 to 100; a pair (low, high) draws one for each picture.

    Raises:
        ConfigError: a quality outside 1 to 100, or the pair is the wrong way round.
    """

    def __init__(self, quality: int | tuple[int, int] = (50, 95)) -> None:
        super().__init__()
        low, high = pair("quality", quality, 1, 100)
        self.quality = int(low), int(high)

    def draw(self, source: Source) -> Drawn:
        """The quality."""
        return {"quality": source.integer(*self.quality)}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The pictures as the codec gives them back."""
        stored = [
            to_tensor(webp_round_trip(to_pixels(picture.detach()), one["quality"]))
            for picture, one in zip(clean, drawn, strict=True)
        ]
        return torch.stack(stored).to(clean)  # (N, C, H, W)
