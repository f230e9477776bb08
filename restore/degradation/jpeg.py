"""JPEG compression by the real codec."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.degradation.base import Degradation
from restore.errors import ConfigError
from restore.images import jpeg_round_trip, to_pixels, to_tensor


class Jpeg(Degradation):
    """Rounds to 8 bit, writes each picture as JPEG at a quality of its own and reads it back; runs on the CPU.

    Args:
        quality: libjpeg's, 1 to 100; a pair (low, high) draws one for each picture.
        subsampling: how often the chroma is stored at half size (4:2:0), as most cameras do.

    Raises:
        ConfigError: a quality outside 1 to 100, or the pair is the wrong way round.
    """

    def __init__(self, quality: int | tuple[int, int] = (60, 98), subsampling: float = 0.7) -> None:
        super().__init__()
        low, high = quality if isinstance(quality, (tuple, list)) else (quality, quality)
        if not 1 <= low <= high <= 100:
            raise ConfigError(f"quality is one number from 1 to 100, or a pair (low, high), got {quality}.")
        self.low, self.high = low, high
        self.subsampling = subsampling

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The pictures as the codec gives them back; the generator is asked for two numbers a picture."""
        drawn = torch.rand((len(clean), 2), generator=generator, device=generator.device).tolist()
        stored = []
        for picture, (where, coin) in zip(clean, drawn, strict=True):
            quality = self.low + round(where * (self.high - self.low))
            pixels = jpeg_round_trip(to_pixels(picture.detach().float().cpu()), quality, coin < self.subsampling)
            stored.append(to_tensor(pixels))
        return torch.stack(stored).to(clean)  # (N, C, H, W)
