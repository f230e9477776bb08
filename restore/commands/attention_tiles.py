"""Whether tiles change what an attention module makes of a picture: a column of the table of `restore attention`."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restore.attention import Attention
from restore.commands.attention_parts import Example, Running

_TILE = 48
"""Side of the inner tile of a slot, in pixels."""
_GRID = 8
"""Where tiles begin, in pixels: strides and windows of the usual sizes keep their phase."""
WHOLE = 72
"""Side of the picture that a part is judged by."""
_PART = 56
"""Side of its tile, whose middle third is compared: both see 18 pixels around it."""
_CONTRASTS = (1.0, 0.001, 100.0)
"""Of the pictures that are tried: a softmax that saturates at one, or an offset that is short, is found by another."""
_DISTURBANCE = 0.3
"""Of the weights, as a share of what keeps the spread of a signal."""
_LARGEST_CHANGE = 1e-9
"""Share of the largest value above which a tile has changed the result; below it is rounding of float64."""


def tiles_change(module: nn.Module, channels: int, example: Example | None = None) -> bool | None:
    """Whether a tile on a grid of 8 pixels comes out differently from the whole map; None for what takes no map.

    A slot's tile has all the module's `context` around it; a part, which has none, is judged by the middle third of
    its tile. The weights are disturbed at random first, in place: what starts as an identity would pass otherwise.

    Args:
        module: of `restore.attention`, or another slot.
        channels: C of the feature map.
        example: how a part is fed and run; a slot takes one map.
    """
    drawn = draw_weights(copy.deepcopy(module))
    with torch.no_grad():
        for own, other in zip(module.parameters(), drawn.parameters(), strict=True):
            own.add_(other, alpha=_DISTURBANCE)
        module.double()
        if isinstance(module, Attention):
            return any(_slot_differs(module, channels, contrast) for contrast in _CONTRASTS)
        example = example or Example()
        whole, tile = (example.inputs(channels, side) for side in (WHOLE, _PART))
        if all(one.shape == other.shape for one, other in zip(whole, tile, strict=True)):
            return None
        running = Running(module, example.run)
        sizes = [other.shape for other in tile]
        return any(_part_differs(running, whole, sizes, contrast) for contrast in _CONTRASTS)


def draw_weights(module: nn.Module) -> nn.Module:
    """Draw every parameter at random, the same for every call; returns the module."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            fan_in = max(1, parameter[0].numel()) if parameter.dim() > 1 else 1
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan_in**0.5)
    return module


def _slot_differs(module: Attention, channels: int, contrast: float) -> bool:
    margin = module.context + _GRID
    side = _TILE + 2 * margin
    generator = torch.Generator().manual_seed(0)
    x = contrast * torch.randn(1, channels, side, side, generator=generator, dtype=torch.float64)
    x = x.to(_device(module))
    whole = module(x)[:, :, margin : margin + _TILE, margin : margin + _TILE]
    part = module(x[:, :, _GRID : side - _GRID, _GRID : side - _GRID].contiguous())
    inner = slice(module.context, module.context + _TILE)
    return _differ(whole, part[:, :, inner, inner])


def _part_differs(running: Running, whole: Sequence[Tensor], sizes: Sequence[torch.Size], contrast: float) -> bool:
    """Axes that grow with the picture are cut to the tile, wherever they stand; vectors are compared as they are."""
    inputs = [(contrast * x.double() if x.shape != size else x.double()) for x, size in zip(whole, sizes, strict=True)]
    inputs = [x.to(_device(running)) for x in inputs]
    result = running(*inputs)
    part = running(*(_middle(x, size).contiguous() for x, size in zip(inputs, sizes, strict=True)))
    third = [length if length == all_ else length // 3 for length, all_ in zip(part.shape, result.shape, strict=True)]
    return _differ(_middle(_middle(result, part.shape), third), _middle(part, third))


def _middle(x: Tensor, sizes: Sequence[int]) -> Tensor:
    for axis, size in enumerate(sizes):
        x = x.narrow(axis, (x.shape[axis] - size) // 2, size)
    return x


def _differ(whole: Tensor, part: Tensor) -> bool:
    return bool((whole - part).abs().max() > _LARGEST_CHANGE * whole.abs().max())


def _device(module: nn.Module) -> torch.device:
    return next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
