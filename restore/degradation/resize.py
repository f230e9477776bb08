"""MATLAB's bicubic `imresize`, bit for bit, a differentiable form of it, and the other interpolations of the field.

Kernel: Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE TASSP 1981, a = -0.5; widened by the
factor (antialiased) where the picture shrinks. Published super-resolution tables rest on MATLAB's function for uint8
pictures: rows first and then columns, rounded and clipped to 8 bit after each. `docs/protocols.md` names the official
files that each preset equals. "area", "bilinear", "lanczos" and "nearest" work the same way in float: pixel centres
stay aligned at any size, kernels widen where the picture shrinks (but for "nearest"), the border is mirrored. `resize`
also does without the widening, as OpenCV and torch do unless asked: fine patterns then alias.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from restore.errors import ConfigError, ShapeError

Interpolation = Literal["area", "bicubic", "bilinear", "lanczos", "nearest"]
Preset = Literal["matlab", "matlab-classic", "area", "bicubic", "bilinear", "lanczos", "nearest"]
Border = Literal["symmetric", "edge"]

BORDERS: dict[Preset, Border] = {
    "matlab": "symmetric",
    "matlab-classic": "edge",
    "bicubic": "symmetric",
    "area": "symmetric",
    "bilinear": "symmetric",
    "lanczos": "symmetric",
    "nearest": "symmetric",
}
"""What each preset takes beyond the picture's border, in numpy's names."""


def imresize(x: Tensor, scale: int, preset: Preset = "matlab") -> Tensor:
    """Shrink a picture `scale` times.

    Args:
        x: in [0, 1]. The MATLAB presets round it to 8 bit, compute in float64 and give multiples of 1/255.
        scale: divides both sides of the picture; 1 gives the picture back (rounded by the MATLAB presets).
        preset: "matlab" (symmetric border, today's MATLAB), "matlab-classic" (edge-replicating border, the older MATLAB
            behind most published tables), "bicubic" (float throughout, differentiable, not bit-exact), or, in float
            too, "area" (mean of what a pixel covers), "bilinear", "lanczos" (three lobes) or
            "nearest" (the right one of two: half a pixel off where an even number of pixels becomes one).

    Shape:
        (N, C, H, W) -> (N, C, H / scale, W / scale), dtype and device kept.

    Raises:
        ConfigError: an unknown preset, or a scale below 1.
        ShapeError: the scale does not divide a side, or x has not four axes.

    Example:
        >>> imresize(torch.rand(1, 3, 12, 8), 4).shape
        torch.Size([1, 3, 3, 2])
    """
    _check(x, scale, preset)
    height, width = x.shape[-2:]
    if height % scale or width % scale:
        raise ShapeError(
            f"imresize by {scale} needs sides that {scale} divides, got {height} x {width}. "
            f"Crop the picture to {height - height % scale} x {width - width % scale} first."
        )
    return resize(x, (height // scale, width // scale), preset)


def enlarge(x: Tensor, scale: int, preset: Preset = "matlab") -> Tensor:
    """Enlarge a picture `scale` times; with a cubic preset it is the bicubic row of super-resolution tables.

    Arguments and errors are those of `imresize`; (N, C, h, w) -> (N, C, scale * h, scale * w).
    """
    _check(x, scale, preset)
    return resize(x, (x.shape[-2] * scale, x.shape[-1] * scale), preset)


def resize(x: Tensor, size: tuple[int, int], preset: Preset = "matlab", antialias: bool = True) -> Tensor:
    """Resize (N, C, H, W) to `size` = (height, width).

    Args:
        x: as of `imresize`.
        size: (height, width) of the result.
        preset: as of `imresize`.
        antialias: whether the kernels of "bilinear", "bicubic" and "lanczos" widen where the picture shrinks.

    Raises:
        ConfigError: an unknown preset.
        ShapeError: x has not four axes.
    """
    _check(x, 1, preset)
    border = BORDERS[preset]
    if preset != "matlab" and preset != "matlab-classic":
        rows = _resize_axis(x, 2, size[0], border, preset, antialias)  # (N, C, h, W)
        return _resize_axis(rows, 3, size[1], border, preset, antialias)  # (N, C, h, w)
    levels = _to_8_bit(x.to(torch.float64) * 255)
    levels = _to_8_bit(_resize_axis(levels, 2, size[0], border, "bicubic"))  # (N, C, h, W)
    levels = _to_8_bit(_resize_axis(levels, 3, size[1], border, "bicubic"))  # (N, C, h, w)
    return (levels / 255).to(x.dtype)


class _Taps(NamedTuple):
    """Which pixels each new pixel is made of: both (taps, new length)."""

    places: Tensor
    weights: Tensor


@functools.lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is made here is kept, and may be needed with gradients later
def _taps(old: int, new: int, border: Border, method: Interpolation, antialias: bool) -> _Taps:
    # Pixel j of the new row lies at (j + 1/2) old / new - 1/2 in the old one. Places are integers over 2 * step, so
    # that a pixel's weights do not depend on where in the picture it lies: a patch comes out like the whole.
    divisor = math.gcd(old, new)
    stride, step = old // divisor, new // divisor
    ratio = stride / step if antialias or method == "area" else min(stride / step, 1.0)
    support, weigh = _KERNELS[method]
    reach = math.ceil(support * max(ratio, 1.0)) + 1
    place = (2 * torch.arange(new, device="cpu") + 1) * stride - step  # (new,), in units of 1 / (2 * step) old pixels
    first = torch.div(place, 2 * step, rounding_mode="floor") - reach
    index = first + torch.arange(2 * reach + 2, device="cpu").unsqueeze(1)  # (taps, new)
    distance = (place - 2 * step * index).to(torch.float64) / (2 * step)
    weight = weigh(distance, ratio)
    used = weight.abs().sum(dim=1) > 0
    index, weight = index[used], weight[used]
    weight = weight / weight.sum(dim=0)
    if border == "edge":
        return _Taps(index.clamp(0, old - 1), weight)
    mirrored = index.remainder(2 * old)
    return _Taps(torch.where(mirrored < old, mirrored, 2 * old - 1 - mirrored), weight)


# What an old pixel weighs at a distance from a new one, in old pixels; `ratio` is how many of them a new one is wide.


def _cubic(distance: Tensor, ratio: float) -> Tensor:
    near = (distance / max(ratio, 1.0)).abs()
    inner = 1.5 * near**3 - 2.5 * near**2 + 1
    outer = -0.5 * near**3 + 2.5 * near**2 - 4 * near + 2
    return torch.where(near <= 1, inner, torch.where(near < 2, outer, torch.zeros_like(near)))


def _linear(distance: Tensor, ratio: float) -> Tensor:
    return (1 - (distance / max(ratio, 1.0)).abs()).clamp(min=0)


def _lanczos(distance: Tensor, ratio: float) -> Tensor:
    near = distance / max(ratio, 1.0)
    return torch.where(near.abs() < 3, torch.sinc(near) * torch.sinc(near / 3), torch.zeros_like(near))


def _area(distance: Tensor, ratio: float) -> Tensor:
    """The length that the old and the new pixel have in common."""
    left, right = (distance - ratio / 2).clamp(min=-0.5), (distance + ratio / 2).clamp(max=0.5)
    return (right - left).clamp(min=0)


def _nearest(distance: Tensor, ratio: float) -> Tensor:
    """The right one of two that are equally near, as torch's nearest-exact."""
    return ((distance >= -0.5) & (distance < 0.5)).to(distance)


_KERNELS: dict[Interpolation, tuple[int, Callable[[Tensor, float], Tensor]]] = {
    "area": (1, _area),
    "bicubic": (2, _cubic),
    "bilinear": (1, _linear),
    "lanczos": (3, _lanczos),
    "nearest": (1, _nearest),
}
"""Half a kernel's width in pixels of the coarser picture, and its weights."""


def _resize_axis(
    x: Tensor, axis: int, new: int, border: Border, method: Interpolation, antialias: bool = True
) -> Tensor:
    index, weight = _taps(x.shape[axis], new, border, method, antialias)
    index, weight = index.to(x.device), weight.to(x.device, x.dtype)
    if axis == 2:
        weight = weight.unsqueeze(-1)  # (taps, new, 1)
    # Tap by tap, in the order of the pixels: the same sum at every place of every batch.
    total = x.index_select(axis, index[0]) * weight[0]
    for tap in range(1, len(index)):
        total = total + x.index_select(axis, index[tap]) * weight[tap]
    return total


def _to_8_bit(levels: Tensor) -> Tensor:
    """Clip to 0..255 and round halves up, which is MATLAB's away from zero, as none is below."""
    return (levels.clamp(0, 255) + 0.5).floor()


def _check(x: Tensor, scale: int, preset: str) -> None:
    if preset not in BORDERS:
        raise ConfigError(f"There is no preset {preset!r} for imresize; there are {', '.join(BORDERS)}.")
    if scale < 1:
        raise ConfigError(f"scale must be 1 or more, got {scale}.")
    if x.dim() != 4 or not x.is_floating_point():
        raise ShapeError(f"imresize expects float (N, C, H, W) in [0, 1], got {x.dtype} {tuple(x.shape)}.")
