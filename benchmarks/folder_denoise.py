"""`denoise` on pictures of 1, 12 and 100 megapixels: megapixels a second and peak memory of the whole process.

    python benchmarks/folder_denoise.py [--model gaussian] [--sizes 1 12 100] [--device cpu]

Each size runs `python cli.py denoise` in a process of its own on a folder of one picture (mirrored copies of a built-in
photograph with noise); its peak resident memory is the operating system's figure. Start-up is measured and taken off
by a run on an 8x8 picture.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from restore.data import SamplePictures
from restore.images import Metadata, Picture, write_picture

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="gaussian")
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 12, 100], help="megapixels")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        start, base = denoise(Path(scratch), options, 8, 8)
        print(f"start-up {start:.2f} s, {base:.0f} MiB")
        for size in options.sizes:
            width = round((size * 1e6 * 4 / 3) ** 0.5)
            height = round(size * 1e6 / width)
            seconds, memory = denoise(Path(scratch), options, height, width)
            print(
                f"{size:6.1f} MP ({width}x{height}): {seconds:7.2f} s, "
                f"{size / (seconds - start):6.2f} MP/s without start-up, peak {memory:6.0f} MiB"
            )


def denoise(scratch: Path, options: argparse.Namespace, height: int, width: int) -> tuple[float, float]:
    """Seconds and peak MiB of one `denoise` run."""
    source, target = scratch / f"in_{height}x{width}", scratch / f"out_{height}x{width}"
    source.mkdir()
    write_picture(source / "photo.png", Picture(pixels=photograph(height, width), alpha=None, metadata=Metadata()))
    words = [sys.executable, str(ROOT / "cli.py"), "denoise", str(source), "--output", str(target)]
    words += ["--model", options.model, "--device", options.device]
    begin = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} failed")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def photograph(height: int, width: int) -> np.ndarray:
    tile = SamplePictures("validation")[0]
    tile = np.concatenate([tile, tile[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]], axis=0)
    repeats = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    rng = np.random.default_rng(0)
    picture = np.tile(tile, repeats)[:height, :width]
    noise = rng.integers(-40, 41, (512, width, 3), dtype=np.int16)
    for top in range(0, height, 512):  # a strip at a time: the script must not be what needs memory
        rows = picture[top : top + 512]
        picture[top : top + 512] = np.clip(rows + noise[: len(rows)], 0, 255).astype(np.uint8)
    return picture


if __name__ == "__main__":
    main()
