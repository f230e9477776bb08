"""How often `jpeg_grid` names pictures that were never a JPEG, and how many former JPEGs it misses.

    python benchmarks/jpeg_grid.py /work/shared/data

Clean: Kodak24, McMaster, the lossless DIV2K crops, as they are. Former JPEGs: the same through libjpeg at each quality
with chroma at half size, cut after that by 3 rows and 5 columns, halved after that; and the BSDS photographs, which are
JPEGs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from restore.images import find_pictures, jpeg_grid, jpeg_round_trip, read_pixels
from restore.images.picture import Pixels

QUALITIES = (50, 75, 90, 95, 97, 98, 99, 100)


def main(shared: Path) -> None:
    """Print a Markdown table."""
    folders = {"Kodak24": "test/kodak24", "McMaster": "test/mcmaster", "DIV2K crops": "train/extra/div2k_crop256"}
    sets = {name: [read_pixels(path, 3) for path in find_pictures(shared / place)] for name, place in folders.items()}
    print("| pictures | " + " | ".join(sets) + " |\n" + "|---" * (len(sets) + 1) + "|")
    row("as they are: named", sets, lambda pixels: pixels)
    for quality in QUALITIES:
        row(f"JPEG {quality}: named", sets, lambda pixels, quality=quality: jpeg_round_trip(pixels, quality))
    row("JPEG 75, cut: named", sets, lambda pixels: jpeg_round_trip(pixels, 75)[3:, 5:])
    row("JPEG 75, halved: named", sets, lambda pixels: halved(jpeg_round_trip(pixels, 75)))
    for name in ("train/bsds400", "test/bsd68", "test/bsd100"):
        found = [jpeg_grid(read_pixels(path, 3)) for path in find_pictures(shared / name)]
        print(f"{name}: {sum(one is not None for one in found)} of {len(found)} named")


def row(what, sets, change) -> None:
    """How many of each set are named after `change`."""
    found = [[jpeg_grid(change(pixels)) for pixels in pictures] for pictures in sets.values()]
    counts = [f"{sum(one is not None for one in some)} of {len(some)}" for some in found]
    print(f"| {what} | " + " | ".join(counts) + " |", flush=True)


def halved(pixels: Pixels) -> Pixels:
    """Means of 2 x 2 pixels."""
    height, width = (side // 2 for side in pixels.shape[:2])
    blocks = pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
