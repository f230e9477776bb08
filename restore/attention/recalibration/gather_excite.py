"""Gather-excite: each place is scaled by what a wide window around it is like.

Paper: Hu et al., "Gather-Excite: Exploiting Feature Context in Convolutional Neural Networks", NeurIPS 2018,
sections 3 and 4, https://arxiv.org/abs/1810.12348
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.errors import ConfigError
from restore.layers import GlobalPool


class GatherExcite(Recalibration):
    """Scales each value by a gate that is gathered at every `extent`-th place and spread by the nearest neighbor.

    Formula:
        y = x * sigmoid(nearest(excite(gather(x))))

        form             gather                                          excite
        parameter-free   average of a window of 2 extent - 1             none
        parametrised     log2(extent) depthwise 3x3 of stride 2          none
        plus             as parametrised                                 1x1 to C/r, relu, 1x1 to C

    Args:
        channels: C of the feature map.
        extent: how many places share one value; None for the whole map. The paper has 2, 4, 8 and the whole map.
        form: the paper's GE-theta-minus, GE-theta and GE-theta-plus. Forms with parameters need a power of two as
            `extent`: over the whole map the paper has one kernel of the map's size, which would fix the size.
        reduction: how many times the bottleneck of "plus" is narrower than C, from 1 to C; others have none.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1) without extent, else (N, C, H, W), between 0 and 1.

    Raises:
        ConfigError: `extent` is below 1 or does not suit the form, `reduction` is below 1 or, in form "plus", above
            `channels`, or `form` is no choice.
        ShapeError: the input has another C (on forward).
    """

    def __init__(
        self,
        channels: int,
        extent: int | None = None,
        form: Literal["parameter-free", "parametrised", "plus"] = "parameter-free",
        reduction: int = 16,
    ) -> None:
        super().__init__(channels)
        name = f"GatherExcite({channels})"
        if form not in ("parameter-free", "parametrised", "plus"):
            raise ConfigError(f'{name} got form={form!r}. Choose "parameter-free", "parametrised" or "plus".')
        if extent is not None and extent < 1:
            raise ConfigError(f"{name} got extent={extent}. Choose 1 or more, or None for the whole map.")
        if reduction < 1 or (form == "plus" and reduction > channels):
            raise ConfigError(f"{name} got reduction={reduction}. Choose it between 1 and {channels}.")
        halvings = 0
        if form != "parameter-free":
            if extent is None or extent < 2 or extent & (extent - 1):
                raise ConfigError(f"{name} got form={form!r} with extent={extent}. Choose extent 2, 4, 8 or 16.")
            halvings = extent.bit_length() - 1
        self.extent = extent
        self.sees_whole_map = extent is None
        self.pool = GlobalPool() if extent is None else None
        self.context = 0 if extent is None else 2 * (extent - 1)
        layers: list[nn.Module] = []
        for step in range(halvings):
            rectifier = [nn.ReLU()] if step else []
            conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)
            layers += [*rectifier, conv, nn.BatchNorm2d(channels)]
        self.gather = nn.Sequential(*layers)
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1) if form == "plus" else None
        self.excite = nn.Conv2d(channels // reduction, channels, 1) if form == "plus" else None

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1) without extent, else (N, C, H, W)."""
        if self.pool is not None:
            return self.pool(x).sigmoid()  # (N, C, 1, 1)
        assert self.extent is not None
        gathered = self.gather(x) if len(self.gather) else _window_means(x, self.extent)  # (N, C, H/e, W/e), rounded up
        if self.squeeze is not None and self.excite is not None:
            gathered = self.excite(F.relu(self.squeeze(gathered)))
        return F.interpolate(gathered, size=x.shape[2:], mode="nearest").sigmoid()  # (N, C, H, W)


def _window_means(x: Tensor, extent: int) -> Tensor:
    """The mean over what of a window of 2 extent - 1 lies in the map, at every extent-th place."""
    return F.avg_pool2d(x, 2 * extent - 1, extent, extent - 1, count_include_pad=False)
