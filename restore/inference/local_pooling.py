"""Local pooling at test time: a network that pools over the whole picture pools over windows instead.

A network trained on patches has seen the means of patches. Those of a large picture are others, and those of its tiles
differ from tile to tile, which shows as seams. Windows a little larger than a patch give every place what training
gave it.

Local become means and contrasts (windows around each place), Restormer's transposed attention (windows as published),
covariance, non-local attention and HAN's layer attention (windows on a lattice that tiles begin on): all that the
networks of `restore.networks` have by default. What remains global are other modules that gather over the map, put into
an attention slot: `BAM`, `CBAM`, `ChannelSelfAttention`, `CompactNonLocalAttention`, `ContextEncoding`,
`CoordinateAttention`, `CrissCrossAttention`, `FeaturePyramidAttention`, `GeneralizedAttention`, `GlobalContext`,
`NonLocalSparseAttention`, `ObjectContext`, `PooledChannelAttention`, `PositionAttention`, `QuadraticAttention`,
`SpatialChannelAttention`; and by their options `ChannelAttention` that squeezes by "max" and `ResidualMaskAttention`
over "spatial".

Paper: Chu et al., "Improving Image Restoration by Revisiting Global Information Aggregation", ECCV 2022,
https://arxiv.org/abs/2112.04491
"""

from __future__ import annotations

import copy
import logging
import math
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from restore.errors import ConfigError
from restore.layers import (
    BlendedWindows,
    GlobalContrast,
    GlobalPool,
    LocalInstanceNorm,
    LocalPool,
    LocalRegionGrid,
    OverlappingWindows,
    RegionGrid,
    WholeMap,
)
from restore.networks import RestorationNetwork

TRAIN_SIZE = 64
"""Side of the patches, in degraded pixels, that a network is taken to be trained on where nothing says it."""

_logger = logging.getLogger(__name__)

_Network = TypeVar("_Network", bound=RestorationNetwork)


def with_local_pooling(
    network: _Network, train_size: int | tuple[int, int] = TRAIN_SIZE, base: float = 1.5
) -> _Network:
    """A copy of `network` whose means over the whole picture are means over windows; its state has the same names.

    Local become `GlobalPool`, `GlobalContrast`, `WholeMap` and `RegionGrid` of `restore.layers`, wherever a module
    holds one, and torch's InstanceNorm2d and AdaptiveAvgPool2d(1). One forward at the size of training fixes each
    window: `base` times what the module then sees, so that deeper levels get windows with fewer, larger pixels. A
    picture no larger than `base` times the size of training is restored as before.

    HAN's layer attention sums its products over the window, as over a patch: over a whole picture the sums would grow
    with its pixels, which no training showed it. What sees the whole map in another way stays as it is; `still_global`
    names it. The copy's `tile_step` says where tiles must begin for their windows to lie as the picture's do.

    Args:
        network: stays as it is. The copy is in eval mode, on the same device.
        train_size: side, or height and width, of the patches it was trained on, in degraded pixels.
        base: how many times larger than a patch the windows are.

    Raises:
        ConfigError: a window would have no pixel.
    """
    height, width = (train_size, train_size) if isinstance(train_size, int) else train_size
    window = (int(base * height), int(base * width))
    if min(height, width, *window) < 1:
        raise ConfigError(
            f"with_local_pooling got train_size={train_size} and base={base}. Give a size from 1 up, and windows of at "
            "least one pixel."
        )
    local = copy.deepcopy(network).eval()
    if not pools_globally(local):
        return local
    sizes = _sizes_seen(local, height, width)
    steps = [local.multiple_of]
    for name, (rows, columns) in sizes.items():
        kernel_size = (max(1, rows * window[0] // height), max(1, columns * window[1] // width))
        parent, _, leaf = name.rpartition(".")
        form = _local_form(local.get_submodule(name), kernel_size)
        setattr(local.get_submodule(parent), leaf, form)
        if isinstance(form, BlendedWindows):
            finer = max(1, round(height / rows)), max(1, round(width / columns))  # pixels of the picture for one here
            steps += [step * pixels for step, pixels in zip(form.step, finer, strict=True)]
    local.tile_step = math.lcm(*steps)
    local.context += len(sizes) * max(window)
    return local


def pools_globally(network: nn.Module) -> bool:
    """Whether `with_local_pooling` changes anything in `network`."""
    return any(_has_local_form(module) for module in network.modules())


def still_global(network: nn.Module) -> list[str]:
    """Names of the attention modules that see the whole map in a way that has no local form, the innermost ones."""
    names = [
        name
        for name, module in network.named_modules()
        if getattr(module, "sees_whole_map", False)
        and not any(_has_local_form(part) or isinstance(part, _LOCAL) for part in module.modules())
    ]
    return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]


def warn_of_global(network: nn.Module) -> None:
    """Log what `still_global` finds, if anything."""
    left = still_global(network)
    if left:
        shown = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        _logger.warning("local pooling leaves what sees the whole picture in another way: %s", shown)


def _sizes_seen(network: RestorationNetwork, height: int, width: int) -> dict[str, tuple[int, int]]:
    """Name of each module that can become local -> height and width of the map that it sees at the size of training."""
    sizes: dict[str, tuple[int, int]] = {}
    hooks = []
    for name, module in network.named_modules():
        if _has_local_form(module):

            def see(_: nn.Module, arguments: tuple[Tensor, ...], name: str = name) -> None:
                sizes.setdefault(name, cast(tuple[int, int], tuple(arguments[0].shape[-2:])))

            hooks.append(module.register_forward_pre_hook(see))
    weight = next(network.parameters(), torch.empty(0))
    degraded = weight.new_full((1, network.input_channels, height, width), 0.5)
    try:
        with torch.no_grad():
            network(degraded, *((weight.new_zeros(1),) if network.takes_sigma else ()))
    finally:
        for hook in hooks:
            hook.remove()
    return sizes


_GLOBAL = (GlobalPool, GlobalContrast, WholeMap, RegionGrid)
_LOCAL = (LocalPool, LocalInstanceNorm, OverlappingWindows, BlendedWindows, LocalRegionGrid)


def _has_local_form(module: nn.Module) -> bool:
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return module.output_size in (1, (1, 1), [1, 1])
    if isinstance(module, nn.InstanceNorm2d):
        return not module.track_running_stats
    return isinstance(module, _GLOBAL) and not isinstance(module, LocalRegionGrid)


def _local_form(module: nn.Module, kernel_size: tuple[int, int]) -> nn.Module:
    if isinstance(module, _GLOBAL):
        return module.local(kernel_size)
    if isinstance(module, nn.InstanceNorm2d):
        return LocalInstanceNorm(module, kernel_size)
    return LocalPool(kernel_size)
