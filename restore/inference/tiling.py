"""Restoring a picture in overlapping tiles that are blended, so that memory is bounded.

A tile begins on the network's grid (`tile_grid`), so that its strides and windows fall as in the whole picture. Where
two tiles overlap, the outer quarters on both sides are thrown away (a tile's border lacks its surroundings) and the
result goes over from one to the other in a smooth step in between. The weights add up to 1 everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from restore.errors import ConfigError, ShapeError
from restore.networks import RestorationNetwork

_MOST_OVERLAP = 64
"""Pixels. A deep network's formal context is hundreds, but little comes from beyond this."""


@dataclass(frozen=True)
class Span:
    """One tile along one axis: pixels `start` to `stop`, and how much each counts."""

    start: int
    stop: int
    weight: Tensor
    """(scale * (stop - start),) between 0 and 1."""


def default_overlap(network: RestorationNetwork, tile: int) -> int:
    """Twice the network's context, at most 64 pixels and a quarter of the tile."""
    return max(0, min(2 * network.context, _MOST_OVERLAP, tile // 4))


def tile_grid(network: RestorationNetwork, tile: int, size: tuple[int, int]) -> int:
    """What tiles of a picture of this size begin on: `multiple_of`, and `tile_step` where a tile has room for two."""
    grid = math.lcm(network.multiple_of, network.tile_step)
    return grid if 2 * grid <= tile < max(size) else network.multiple_of


def restore_tiled(
    network: RestorationNetwork, degraded: Tensor, tile: int, overlap: int | None = None, device: str | None = None
) -> Tensor:
    """Restore (N, C, h, w) tile by tile; the result gathers where `degraded` lies.

    A tile as large as the picture gives the network's own result. Otherwise the result equals it where the
    network sees no further than a quarter of the overlap; pooling over the whole picture (channel attention) sees
    the tile instead, and differs a little.

    Args:
        network: only ever sees tiles, on its own device.
        degraded: (N, C, h, w) in [0, 1].
        tile: side of a tile in degraded pixels; rounded down to a multiple of what it begins on (`tile_grid`).
        overlap: degraded pixels that neighbours share, at least; by default twice the network's context, capped.
        device: where tiles are restored; by default where `degraded` lies.

    Raises:
        ConfigError: the tile or the overlap is out of range.
        ShapeError: `degraded` is not (N, C, h, w).
    """
    if degraded.dim() != 4:
        raise ShapeError(f"restore_tiled expects (N, C, h, w), got {tuple(degraded.shape)}. Add the missing axes.")
    place = torch.device(device) if device else degraded.device
    strips = restore_strips(
        lambda part: network(part.to(place)).to(degraded.device),
        lambda rows, columns: degraded[..., rows, columns],
        (degraded.shape[-2], degraded.shape[-1]),
        tile=tile,
        overlap=default_overlap(network, tile) if overlap is None else overlap,
        scale=network.scale,
        multiple_of=tile_grid(network, tile, (degraded.shape[-2], degraded.shape[-1])),
    )
    return torch.cat([strip for _, strip in strips], dim=-2)


def restore_strips(
    restore: Callable[[Tensor], Tensor],
    cut: Callable[[slice, slice], Tensor],
    size: tuple[int, int],
    *,
    tile: int,
    overlap: int,
    scale: int,
    multiple_of: int,
) -> Iterator[tuple[int, Tensor]]:
    """Yield finished strips from top to bottom, as (first restored row, strip (N, C, rows, scale * w)).

    Args:
        restore: one tile (N, C, h, w) to its restored form.
        cut: gives rows and columns of the degraded picture.
        size: (h, w) of the degraded picture.
        tile: side of a tile.
        overlap: what neighbours share, at least.
        scale: of the network.
        multiple_of: the network's grid.
    """
    height, width = size
    rows = spans(height, tile, overlap, scale, multiple_of)
    columns = spans(width, tile, overlap, scale, multiple_of)
    carried: Tensor | None = None  # rows that the tiles above have begun
    for index, row in enumerate(rows):
        strip: Tensor | None = None
        for column in columns:
            restored = restore(cut(slice(row.start, row.stop), slice(column.start, column.stop)))
            if len(rows) == len(columns) == 1:
                yield 0, restored
                return
            if strip is None:
                strip = restored.new_zeros(*restored.shape[:2], restored.shape[2], width * scale)
            weight = (row.weight[:, None] * column.weight).to(restored)
            strip[..., column.start * scale : column.stop * scale] += restored * weight
        assert strip is not None
        if carried is not None:
            strip[..., : carried.shape[-2], :] += carried
        done = (rows[index + 1].start if index + 1 < len(rows) else row.stop) - row.start
        yield row.start * scale, strip[..., : done * scale, :]
        carried = strip[..., done * scale :, :].clone()


def spans(length: int, tile: int, overlap: int, scale: int, multiple_of: int) -> list[Span]:
    """Cover `length` pixels by tiles that begin on the grid, evenly, with weights that add up to 1.

    Raises:
        ConfigError: the tile is smaller than the grid, or the overlap is negative or above half a tile.
    """
    tile = tile // multiple_of * multiple_of
    if tile < 1 or not 0 <= overlap <= tile // 2:
        raise ConfigError(
            f"Tiles of {tile} pixels with {overlap} of overlap cannot be laid. "
            f"Choose a tile of at least {multiple_of} pixels and an overlap of at most half of it."
        )
    if length <= tile:
        return [Span(0, length, torch.ones(length * scale))]
    steps = tile // multiple_of  # in steps of the grid from here
    shared = min(-(-overlap // multiple_of), steps // 2)
    last = -(-(length - tile) // multiple_of)
    gaps = -(-last // max(1, steps - shared))
    starts = [i * last // gaps * multiple_of for i in range(gaps + 1)]
    stops = [min(start + tile, length) for start in starts]
    cuts = [(starts[i + 1] + stops[i]) / 2 * scale for i in range(gaps)]
    halves = [max(min(overlap / 4, (stops[i] - starts[i + 1]) / 2) * scale, 1e-6) for i in range(gaps)]
    covered = []
    for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        place = torch.arange(start * scale, stop * scale, dtype=torch.float64) + 0.5
        begun = _step(place, cuts[i - 1], halves[i - 1]) if i else torch.ones_like(place)
        ended = _step(place, cuts[i], halves[i]) if i < gaps else torch.zeros_like(place)
        covered.append(Span(start, stop, (begun - ended).float()))
    return covered


def _step(place: Tensor, middle: float, half: float) -> Tensor:
    """0 below `middle - half`, 1 above `middle + half`, smooth between (raised cosine)."""
    along = ((place - middle) / (2 * half) + 0.5).clamp(0, 1)
    return 0.5 - 0.5 * torch.cos(torch.pi * along)
