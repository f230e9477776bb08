"""Resizing by a random factor and method, and to the size that a degraded picture ends with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import get_args

from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Source, pair
from restore.degradation.resize import Interpolation, resize
from restore.errors import ConfigError

_REACH = 3  # half of the widest kernel, in pixels


class _Resize(Step):
    """To the size that was drawn, by the method that was drawn."""

    margin = _REACH

    def __init__(self, methods: Sequence[Interpolation], antialias: bool) -> None:
        super().__init__()
        unknown = set(methods) - set(get_args(Interpolation))
        if not methods or unknown:
            known = ", ".join(get_args(Interpolation))
            raise ConfigError(f"methods names one or more of {known}; got {list(methods)}.")
        self.methods = list(methods)
        self.antialias = antialias

    def _draw_method(self, source: Source) -> Interpolation:
        return self.methods[source.integer(0, len(self.methods) - 1)]

    def alike(self, drawn: Drawn) -> Hashable:
        """Size and method."""
        return tuple(drawn["size"]), drawn["method"]

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """(N, C, H, W) -> (N, C, h, w), the drawn size; values are not clipped."""
        height, width = drawn[0]["size"]
        return resize(clean, (height, width), drawn[0]["method"], self.antialias)


class RandomResize(_Resize):
    """Resizes each picture by a factor of its own; `ResizeTo` after it brings all to one size.

    Pixel centres stay aligned with the clean picture's. The margin counts it as if it kept the size.

    Args:
        factor: (smallest, largest), below and above 1: up is drawn between 1 and the largest, down between the
            smallest and 1, both uniformly.
        odds: how often up, down, and keep are drawn, relative to each other.
        methods: the interpolations to choose from, all alike.
        divisor: whether it is the divisor, 1 / factor, that is uniform when shrinking.
        from_scale: None counts the factor from the size that the picture has by now; a number from the clean picture's
            size divided by it, whatever the steps before have made of it.
        smallest_scale: a number shrinks no further than to the clean picture's size divided by it; it takes the place
            of the smallest factor.
        antialias: as of `resize`; False where a paper's program shrinks with OpenCV's or torch's own kernels.

    Raises:
        ConfigError: a factor not above 0 or the wrong way round, odds that are not three, an unknown method, or a scale
            below 1.
    """

    def __init__(
        self,
        factor: tuple[float, float] = (0.5, 1.5),
        odds: tuple[float, float, float] = (0.3, 0.4, 0.3),
        methods: Sequence[Interpolation] = ("area", "bilinear", "bicubic"),
        divisor: bool = False,
        from_scale: int | None = None,
        smallest_scale: int | None = None,
        antialias: bool = True,
    ) -> None:
        super().__init__(methods, antialias)
        self.factor = pair("factor", factor, 0, above=True)
        if len(odds) != 3 or min(odds) < 0 or not sum(odds):
            raise ConfigError(f"odds are three numbers from 0, for up, down and keep, got {odds}.")
        if not self.factor[0] <= 1 <= self.factor[1]:
            raise ConfigError(f"factor goes from 1 or less to 1 or more, got {factor}. The odds say how often each is.")
        for name, scale in (("from_scale", from_scale), ("smallest_scale", smallest_scale)):
            if scale is not None and scale < 1:
                raise ConfigError(f"{name} is 1 or more, or is left out, got {scale}.")
        self.odds = odds
        self.divisor = divisor
        self.from_scale = from_scale
        self.smallest_scale = smallest_scale

    def draw(self, source: Source) -> Drawn:
        """The factor, the size in whole pixels that it leads to, and the method."""
        which = source.choose(self.odds)
        sides: tuple[float, float] = source.size
        if self.from_scale is not None:
            sides = source.clean_size[0] / self.from_scale, source.clean_size[1] / self.from_scale
        low, high = self.factor
        if self.smallest_scale is not None:
            low = min(1.0, source.clean_size[0] / self.smallest_scale / sides[0])
        if which == 0:
            factor = source.uniform(1, high)
        elif which == 1:
            factor = 1 / source.uniform(1, 1 / low) if self.divisor else source.uniform(low, 1)
        else:
            factor = 1.0
        height, width = (max(1, round(side * factor)) for side in sides)
        source.size = (height, width)
        return {"factor": factor, "size": (height, width), "method": self._draw_method(source)}


class ResizeTo(_Resize):
    """Resizes each picture, whatever its size is by now, to that of the clean one divided by `scale`.

    Args:
        scale: 1 or more; must divide the clean picture's sides.
        methods: the interpolations to choose from, all alike.
        antialias: as of `RandomResize`.

    Raises:
        ConfigError: the scale is below 1 (or, when a picture comes, does not divide its sides), or an unknown method.
    """

    def __init__(
        self, scale: int, methods: Sequence[Interpolation] = ("area", "bilinear", "bicubic"), antialias: bool = True
    ) -> None:
        super().__init__(methods, antialias)
        if scale < 1:
            raise ConfigError(f"ResizeTo shrinks 1 time or more, got scale={scale}.")
        self.scale = scale

    def draw(self, source: Source) -> Drawn:
        """The size, and the method."""
        height, width = source.clean_size
        if height % self.scale or width % self.scale:
            raise ConfigError(
                f"ResizeTo by {self.scale} needs pictures whose sides it divides, got {height} x {width}. "
                f"Crop to {height - height % self.scale} x {width - width % self.scale} first."
            )
        source.size = (height // self.scale, width // self.scale)
        return {"size": source.size, "method": self._draw_method(source)}
