"""degrade: pictures and folders in, what a recipe makes of them out, and a grid that shows how."""

from __future__ import annotations

import argparse
import logging
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from restore.commands.arguments import Parser
from restore.commands.degradation_recipe import find_degradation, load_degradation
from restore.commands.restoring import add_picture_options, check_pictures, tell
from restore.errors import DataError, RestoreError

if TYPE_CHECKING:
    from torch import Tensor

    from restore.degradation import Degradation
    from restore.images import Picture
    from restore.inference import FolderReport

logger = logging.getLogger(__name__)

GRIDS = "grids"
"""Where the grids lie in the output folder, in the same tree."""


def main(argv: list[str]) -> int:
    """Run `restore degrade`; 0 where every picture is done, 1 where one failed, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    return tell(degrade(options), options.output, "degraded")


def degrade(options: argparse.Namespace) -> FolderReport:
    """Degrade what `options` name; a picture that fails is named and the others are done.

    Raises:
        RestoreError: an option, the recipe or the inputs are not usable.
    """
    find_degradation(options.config)  # a typo is told before torch is imported

    from tqdm import tqdm

    from restore.commands.raw_mosaic import deep_names
    from restore.inference import FolderReport, plan

    check_pictures(options)
    degradation = load_degradation(options.config)
    jobs = plan(options.input, options.output, not options.no_recursive)
    if degradation.channels is not None:
        jobs = deep_names(jobs)
    report = FolderReport(total=len(jobs))
    try:
        for source, result in tqdm(jobs, unit="picture"):
            name = result.relative_to(options.output)
            grid = options.output / GRIDS / name.with_suffix(".png")
            wanted = [result, grid] if options.grid else [result]
            if not options.overwrite and all(path.is_file() and path.stat().st_size for path in wanted):
                report.skipped.append(result)
                continue
            try:
                seed = options.seed * 2**32 + zlib.crc32(name.as_posix().encode())  # the others do not matter
                _degrade_one(degradation, source, result, seed)
                if options.grid:
                    seeds = [seed + 2**60 * draw for draw in range(options.draws)]  # the first is what was written
                    _show(degradation, source, grid, seeds, options.cell)
                report.done.append(result)
            except (RestoreError, OSError, MemoryError) as error:
                reason = str(error) or type(error).__name__
                report.failed[source] = reason if str(source) in reason else f"{source}: {reason}"
                logger.error("%s", report.failed[source])
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def _degrade_one(degradation: Degradation, source: Path, result: Path, seed: int) -> None:
    """Write the degraded picture, with the metadata and the transparency of the clean one.

    Raw output has neither: its mosaic is written, gray, in 16 bits, with values below black cut.
    """
    from dataclasses import replace

    import numpy as np

    from restore.commands.raw_mosaic import as_mosaic, mosaic_pattern
    from restore.degradation.resize import resize
    from restore.images import Picture, read_picture, to_pixels, to_tensor, write_picture

    picture = read_picture(source)
    clean, alpha = _clean(picture, source, degradation.scale), picture.alpha
    [drawn] = degradation.draw_each(clean, [seed])
    degraded = degradation.replay(clean, [drawn])[0]  # (C, h, w)
    pattern = mosaic_pattern(degradation.unfold(drawn))
    if pattern is not None:
        write_picture(result, Picture(to_pixels(as_mosaic(degraded[None], pattern)[0], np.uint16)))
        return
    if alpha is not None and degradation.scale > 1:
        opaque = to_tensor(alpha[: clean.shape[2], : clean.shape[3], None])[None]  # (1, 1, H, W)
        alpha = to_pixels(resize(opaque, (degraded.shape[1], degraded.shape[2]), "area")[0], alpha.dtype)[:, :, 0]
    write_picture(result, replace(picture, pixels=to_pixels(degraded, picture.pixels.dtype), alpha=alpha))


def _show(degradation: Degradation, source: Path, grid: Path, seeds: list[int], cell: int) -> None:
    """Write the grid, a row for each seed."""
    from restore.commands.degradation_grid import draw_grid
    from restore.images import Picture, read_picture, write_picture

    clean = _clean(read_picture(source), source, degradation.scale)
    write_picture(grid, Picture(draw_grid(degradation, clean, seeds, cell)))


def _clean(picture: Picture, source: Path, scale: int) -> Tensor:
    """The picture's largest part that `scale` divides, (1, C, H, W)."""
    from restore.images import fill_hidden, to_tensor

    pixels = picture.pixels if picture.alpha is None else fill_hidden(picture.pixels, picture.alpha)
    height, width = (side - side % scale for side in pixels.shape[:2])
    if not height or not width:
        shape = f"{pixels.shape[0]} x {pixels.shape[1]}"
        raise DataError(f"{source} is too small to be shrunk {scale} times: {shape}. Give a larger picture.")
    return to_tensor(pixels[:height, :width])[None]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore degrade",
        description="Degrade pictures by a recipe. Folders keep their tree and files their names, so a JPEG is stored "
        "as JPEG once more; results that exist are skipped. Sides are cut to a multiple of the recipe's scale. "
        "A recipe of raw output gives the sensor's mosaic as gray PNG or TIFF of 16 bits, packed planes unpacked.",
    )
    add_picture_options(parser)
    parser.add_argument(
        "--config", required=True, metavar="FILE", help="a recipe: bsrgan, realesrgan, a file, or a recipe for fit"
    )
    parser.add_argument("--seed", type=_natural(0), default=0, metavar="N", help="of all that is drawn (default: 0)")
    parser.add_argument("--grid", action="store_true", help=f"show the steps and what was drawn, in DIR/{GRIDS}")
    parser.add_argument("--draws", type=_natural(1), default=3, metavar="N", help="rows of a grid (default: 3)")
    parser.add_argument(
        "--cell", type=_natural(32), default=160, metavar="N", help="side of each picture (default: 160)"
    )
    parser.add_argument("--overwrite", action="store_true", help="make results again that exist")
    parser.add_argument("--no-recursive", action="store_true", help="leave sub-folders out")
    return parser


def _natural(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}")
        return value

    return number
