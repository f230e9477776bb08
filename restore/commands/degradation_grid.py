"""What a degradation does to a picture, step by step, as a labelled grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from restore.commands.raw_mosaic import as_mosaic, mosaic_name, mosaic_pattern
from restore.degradation import Degradation
from restore.degradation.resize import resize
from restore.images import labelled_grid, to_pixels

if TYPE_CHECKING:
    from restore.images.picture import Pixels


def draw_grid(degradation: Degradation, clean: Tensor, seeds: Sequence[int], cell: int = 160) -> Pixels:
    """One draw a row: the clean picture, and what it is after each step, with the values that were drawn.

    Raw planes are shown as the sensor's mosaic, linear and therefore dark, with the pattern's name.

    Args:
        degradation: what is shown.
        clean: one picture (1, C, H, W) in [0, 1].
        seeds: one a row.
        cell: side of the pictures; each shows the middle `cell` pixels of the clean one, enlarged where it was shrunk.

    Returns:
        (H, W, 3) uint8.
    """
    side = min(cell, *clean.shape[-2:])
    rows = []
    for number, seed in enumerate(seeds, 1):
        [drawn] = degradation.draw_each(clean, [seed])
        picture, row = clean, [(_middle(clean, clean, side, cell), f"clean (draw {number})")]
        steps = degradation.unfold(drawn)
        for count, (step, own) in enumerate(steps, 1):
            picture = step.transform(picture, [own])
            pattern = mosaic_pattern(steps[:count])
            shown = picture if pattern is None else as_mosaic(picture, pattern)
            name = "" if pattern is None else f"{mosaic_name(pattern)}: "
            row.append((_middle(shown, clean, side, cell), name + step.label(own)))
        rows.append(row)
    return labelled_grid(rows)


def _middle(picture: Tensor, clean: Tensor, side: int, cell: int) -> Pixels:
    """The place that the middle `side` pixels of the clean picture have become, (cell, cell, C)."""
    (top, height), (left, width) = (
        _span(whole, now, side) for whole, now in zip(clean.shape[-2:], picture.shape[-2:], strict=True)
    )
    part = picture[..., top : top + height, left : left + width]
    return to_pixels(resize(part, (cell, cell), "nearest")[0])


def _span(whole: int, now: int, side: int) -> tuple[int, int]:
    """First place and length, among `now` pixels, of the middle `side` of `whole`."""
    length = max(1, round(side * now / whole))
    return (now - length) // 2, length
