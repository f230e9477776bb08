"""What the networks of the EDSR lineage share: the weights' own pixel range, and a mean colour that is taken away.

Paper: Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, section 4.2
(training details), https://arxiv.org/abs/1707.02921
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from restore.errors import ConfigError
from restore.layers import DIV2K_MEAN, mean_shift, mean_shift_constants
from restore.networks.base import RestorationNetwork


class ShiftedNetwork(RestorationNetwork):
    """A network whose pictures are multiplied by `pixel_range` and shifted by `mean` inside, and back at the end.

    Args:
        scale: see `RestorationNetwork`; so are the next three.
        image_channels: 1 (gray) or 3 (RGB).
        multiple_of: the grid.
        context: pixels around a place that its result depends on.
        pixel_range: what the weights call white. Pictures are [0, 1] outside.
        mean: colour, in [0, 1], that is subtracted first and added at the end. None is DIV2K's for RGB and no
            shift for gray; an empty sequence is no shift.
        saved: whether the shift belongs to the saved weights, as in most authors' code.

    Attributes:
        shifts: whether there is a mean. Then it is four buffers, `subtract_*` and `add_*`, which are not trained.

    Raises:
        ConfigError: `pixel_range` is not positive, or `mean` has another length than `image_channels`.
    """

    subtract_weight: Tensor
    subtract_bias: Tensor
    add_weight: Tensor
    add_bias: Tensor

    def __init__(
        self,
        scale: int,
        image_channels: int,
        multiple_of: int,
        context: int,
        pixel_range: float,
        mean: Sequence[float] | None,
        saved: bool = True,
    ) -> None:
        super().__init__(scale, image_channels, multiple_of, context)
        name = type(self).__name__
        if pixel_range <= 0:
            raise ConfigError(f"{name} got pixel_range={pixel_range}. Give 255, 1, or what its weights call white.")
        if mean is None:
            mean = DIV2K_MEAN if image_channels == len(DIV2K_MEAN) else ()
        if mean and len(mean) != image_channels:
            raise ConfigError(
                f"{name} got a mean of {len(mean)} colours and image_channels={image_channels}. "
                "Give one value a channel, or [] for no shift."
            )
        self.pixel_range = float(pixel_range)
        self.shifts = bool(mean)
        if self.shifts:
            for what, sign in (("subtract", -1), ("add", 1)):
                weight, bias = mean_shift_constants(mean, sign * self.pixel_range)
                self.register_buffer(f"{what}_weight", weight, persistent=saved)
                self.register_buffer(f"{what}_bias", bias, persistent=saved)

    def subtract_mean(self, degraded: Tensor) -> Tensor:
        """[0, 1] -> what the weights take: 0 to `pixel_range`, less the mean."""
        picture = degraded * self.pixel_range
        return mean_shift(picture, self.subtract_weight, self.subtract_bias) if self.shifts else picture

    def add_mean(self, restored: Tensor) -> Tensor:
        """What the weights give -> [0, 1], unclipped."""
        picture = mean_shift(restored, self.add_weight, self.add_bias) if self.shifts else restored
        return picture / self.pixel_range
