"""JPEG compression by the real codec."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Source, pair
from restore.errors import ConfigError
from restore.images import jpeg_round_trip, to_pixels, to_tensor


class Jpeg(Step):
    """Rounds to 8 bit, writes each picture as JPEG at a quality of its own and reads it back; runs on the CPU.

    Args:
        quality: libjpeg's, 1 to 100; a pair (low, high) draws one for each picture.
        subsampling: how often, 0 to 1, the chroma is stored at half size (4:2:0), as most cameras do.

    Raises:
        ConfigError: a quality outside 1 to 100, the pair is the wrong way round, or a share outside 0 to 1.
    """

    def __init__(self, quality: int | tuple[int, int] = (60, 98), subsampling: float = 0.7) -> None:
        super().__init__()
        low, high = pair("quality", quality, 1, 100)
        if not 0 <= subsampling <= 1:
            raise ConfigError(f"subsampling is how often the chroma is stored at half size, 0 to 1, got {subsampling}.")
        self.quality = int(low), int(high)
        self.subsampling = subsampling

    def draw(self, source: Source) -> Drawn:
        """Quality and whether the chroma is stored at half size."""
        quality = source.integer(*self.quality)
        return {"quality": quality, "subsampled": source.chance(self.subsampling)}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The pictures as the codec gives them back."""
        stored = []
        for picture, one in zip(clean, drawn, strict=True):
            pixels = to_pixels(picture.detach())  # (H, W, C)
            stored.append(to_tensor(jpeg_round_trip(pixels, one["quality"], one["subsampled"])))
        return torch.stack(stored).to(clean)  # (N, C, H, W)
