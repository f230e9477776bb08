"""What the networks on wavelet levels share: the Haar transforms between them, and how far the whole sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from torch import Tensor, nn

from restore.layers import haar_filters, haar_transform, inverse_haar_transform
from restore.networks.base import RestorationNetwork

_LEVELS = 3


class WaveletNetwork(RestorationNetwork):
    """A denoiser that works at the picture's size, a half, a quarter and an eighth of it.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        bands: whose signs the wavelet bands have, see `haar_filters`; their order follows from it.
    """

    filters: Tensor

    def __init__(self, image_channels: int, bands: Literal["mwcnn", "mwrcan"]) -> None:
        super().__init__(scale=1, image_channels=image_channels, multiple_of=2**_LEVELS, context=0)
        self.order: Literal["channel", "band"] = "band" if bands == "mwcnn" else "channel"
        self.register_buffer("filters", haar_filters(bands), persistent=False)

    def split(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 4 C, H/2, W/2)."""
        return haar_transform(features, self.filters, self.order)

    def join(self, bands: Tensor) -> Tensor:
        """(N, 4 C, h, w) -> (N, C, 2 h, 2 w)."""
        return inverse_haar_transform(bands, self.filters, self.order)


def wavelet_context(levels: Sequence[Sequence[nn.Sequential]]) -> int:
    """Pixels around a place that its result depends on; a level's cell is 2^level pixels wide.

    Args:
        levels: what is passed on the way down and up at the picture's size, at a half, and so on. Each is a stack of
            3x3 convolutions, of modules with a `context`, and of what looks nowhere.
    """
    cells = [sum(_reach(layer) for stage in level for layer in stage) for level in levels]
    return 2**_LEVELS - 1 + sum(2**level * reach for level, reach in enumerate(cells))  # the place may be a cell's edge


def _reach(layer: nn.Module) -> int:
    return 1 if isinstance(layer, nn.Conv2d) else cast(int, getattr(layer, "context", 0))
