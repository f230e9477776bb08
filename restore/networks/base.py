"""What every restoration network promises."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from restore.errors import ShapeError


class RestorationNetwork(nn.Module, ABC):
    """A network from degraded to restored pictures, RGB or gray, [0, 1] outside, unclipped.

    Attributes:
        scale: how many times larger the restored picture is; 1 for denoising.
        image_channels: 1 (gray) or 3 (RGB).
        input_channels: of what it takes; those of a picture unless several views go in together.
        multiple_of: sides are padded inside to a multiple of this and cropped back.
        context: pixels around a place that its result depends on, for tiling (global pooling apart).
        tile_step: tiles of a picture begin on a multiple of it too, where they are large enough; what local pooling's
            windows ask for, else 1.
        train_size: side of the pictures that it was trained on, in degraded pixels, where that is known.
        takes_sigma: whether `forward` wants the noise level; a blind network does not.

    Shape:
        input (N, input_channels, h, w); output (N, image_channels, scale * h, scale * w); any h, w from 1.

    Raises:
        ShapeError: the input has another number of channels or axes (on forward).
    """

    takes_sigma: bool = False
    tile_step: int = 1
    train_size: int | None = None

    def __init__(self, scale: int, image_channels: int, multiple_of: int, context: int) -> None:
        super().__init__()
        self.scale = scale
        self.image_channels = image_channels
        self.multiple_of = multiple_of
        self.context = context

    @property
    def input_channels(self) -> int:
        """Channels that `forward` takes."""
        return self.image_channels

    @abstractmethod
    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) in [0, 1] -> (N, C, scale * h, scale * w), not clipped."""

    def check(self, degraded: Tensor) -> None:
        """Raise ShapeError unless `degraded` is (N, image_channels, h, w)."""
        if degraded.dim() != 4 or degraded.shape[1] != self.image_channels:
            raise ShapeError(
                f"{type(self).__name__} expects (N, {self.image_channels}, h, w), got {tuple(degraded.shape)}. "
                f"Set image_channels={degraded.shape[1] if degraded.dim() == 4 else '1 or 3'} "
                "or convert the picture."
            )
