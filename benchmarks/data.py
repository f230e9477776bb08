"""Training patches a second on one core: the cache on the disk beside decoding the whole file for every patch.

    python benchmarks/data.py [--patches 2000] [--plain 48] [--rounds 5] [--bsd 100] [--large 12] [--json FILE]

The pictures are made from the built-in photographs: `--bsd` pictures of 481x321 and `--large` ones of 3840x2160, each
as PNG and as JPEG of quality 95. Both data sets run in this process, on one core, in turns, and give the same: a batch
of random crops, flipped or turned. The plain one is written the way BasicSR and KAIR do it, with OpenCV, the quickest
decoder here: read the file, decode all of it, crop, flip or turn, to RGB, to float. Ours is `restore.data.Patches` over
`restore.data.DiskCache`, as `fit` uses it; its batch is uint8, and is made float on the device.

Printed: patches a second of both (median of `--rounds` turns; smallest and largest), the ratio, what building the cache
cost (on all cores), after how many patches that is won back, and the memory of the process after building, after all
sizes, and after ten times as many patches of the first: its own (anonymous) memory, and the pages of the map, which
belong to the system's page cache and are given back when it needs them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
from PIL import Image

from restore.data import DiskCache, Patches, SamplePictures
from restore.data.augment import FlipsAndTurns

ROOT = Path(__file__).parents[1]
BATCH = 16
SHAPES = {"BSD": (321, 481), "4K": (2160, 3840)}


class PlainPatches:
    """Reads and decodes a whole file for every patch."""

    def __init__(self, paths: list[Path], size: int) -> None:
        self.paths = paths
        self.size = size
        self.rng = np.random.default_rng(0)

    def batch(self) -> torch.Tensor:
        return torch.stack([self.patch() for _ in range(BATCH)])

    def patch(self) -> torch.Tensor:
        data = np.frombuffer(self.paths[self.rng.integers(len(self.paths))].read_bytes(), np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
        top, left = (self.rng.integers(side - self.size + 1) for side in pixels.shape[:2])
        patch = pixels[top : top + self.size, left : left + self.size]
        if self.rng.integers(2):
            patch = patch[:, ::-1]
        patch = np.rot90(patch, self.rng.integers(4))[:, :, ::-1]
        return torch.from_numpy(np.ascontiguousarray(patch.transpose(2, 0, 1))).float() / 255


class CachedPatches:
    """Ours."""

    def __init__(self, cache: DiskCache, size: int) -> None:
        self.patches = Patches(cache, size, FlipsAndTurns())
        self.number = 0

    def batch(self) -> torch.Tensor:
        self.number += BATCH
        return self.patches.__getitems__(range(self.number - BATCH, self.number))["target"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=2000, help="of ours, a turn")
    parser.add_argument(
        "--plain", type=int, default=48, help="of the plain one, a turn; a quarter of it of 4K pictures"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bsd", type=int, default=100, help="how many pictures of 481x321")
    parser.add_argument("--large", type=int, default=12, help="how many pictures of 3840x2160")
    parser.add_argument("--sizes", type=int, nargs="+", default=[48, 64, 128, 256])
    parser.add_argument("--json", type=Path, help="write every number there as well")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(f"{date.today()}, commit {commit.stdout.strip()}, {platform.processor() or platform.machine()}, one core")
    print("| pictures | patch | plain, patches/s | ours, patches/s | ratio |")
    print("|---|---|---|---|---|")
    rows: list[dict[str, Any]] = []
    notes = []
    for name, count in (("BSD", options.bsd), ("4K", options.large)):
        for kind in ("png", "jpg"):
            with tempfile.TemporaryDirectory() as scratch:
                paths = make_pictures(Path(scratch) / "pictures", name, kind, count)
                begin = time.perf_counter()
                cache = DiskCache(paths, folder=Path(scratch) / "cache")
                built = time.perf_counter() - begin
                memory = [memory_of_this_process()]
                often = (
                    options.plain if name == "BSD" else -(-options.plain // 4)
                )  # decoding one takes 20 times as long
                found = [measure(paths, cache, size, often, options) for size in options.sizes]
                for size, row in zip(options.sizes, found, strict=True):
                    row |= {"pictures": f"{name} {kind}", "count": count, "size": size, "built": built}
                    print(
                        f"| {count} {name} {kind} | {size} | {spread(row['plain'])} | {spread(row['ours'])} "
                        f"| {row['ratio']:.0f}x |"
                    )
                memory.append(memory_of_this_process())
                long = CachedPatches(cache, options.sizes[0])
                for _ in range(0, 10 * options.patches, BATCH):
                    long.batch()
                memory.append(memory_of_this_process())
                rows += found
                slow, fast = (statistics.median(found[0][which]) for which in ("plain", "ours"))
                won = built / (1 / slow - 1 / fast)
                own, mapped = (" -> ".join(f"{sample[part]:.0f}" for sample in memory) for part in range(2))
                notes.append(
                    f"{count} {name} {kind}: building the cache took {built:.1f} s ({1000 * built / count:.0f} ms a "
                    f"picture, {cache.file.stat().st_size / 1e6:.0f} MB), won back after {won:.0f} patches of "
                    f"{options.sizes[0]}; own memory {own} MB, mapped pages {mapped} MB"
                )
                shutil.rmtree(Path(scratch) / "cache")
    print("\n".join(["", *notes]))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


def measure(paths: list[Path], cache: DiskCache, size: int, often: int, options: argparse.Namespace) -> dict[str, Any]:
    """Patches a second of both, in turns."""
    plain, ours = PlainPatches(paths, size), CachedPatches(cache, size)
    found: dict[str, Any] = {"plain": [], "ours": []}
    ours.batch()
    plain.batch()
    for _ in range(options.rounds):
        found["plain"].append(rate(plain.batch, often))
        found["ours"].append(rate(ours.batch, options.patches))
    found["ratio"] = statistics.median(found["ours"]) / statistics.median(found["plain"])
    return found


def rate(batch: Callable[[], torch.Tensor], patches: int) -> float:
    begin = time.perf_counter()
    turns = -(-patches // BATCH)
    for _ in range(turns):
        batch()
    return turns * BATCH / (time.perf_counter() - begin)


def spread(rates: list[float]) -> str:
    return f"{statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f})"


def make_pictures(folder: Path, name: str, kind: str, count: int) -> list[Path]:
    """Mosaics of pieces of the built-in photographs, at their own size: their detail is that of photographs."""
    folder.mkdir(parents=True)
    height, width = SHAPES[name]
    samples = [pixels for pixels in SamplePictures() if min(pixels.shape[:2]) >= 300]
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        picture = np.zeros((height, width, 3), np.uint8)
        for top in range(0, height, 300):
            for left in range(0, width, 300):
                sample = samples[rng.integers(len(samples))]
                y, x = (int(rng.integers(side - 299)) for side in sample.shape[:2])
                part = picture[top : top + 300, left : left + 300]
                part[:] = sample[y : y + part.shape[0], x : x + part.shape[1]]
        paths.append(folder / f"{number:04d}.{kind}")
        Image.fromarray(picture).save(paths[-1], **({"quality": 95} if kind == "jpg" else {"compress_level": 6}))
    return paths


def memory_of_this_process() -> tuple[float, float]:
    """Anonymous and file-backed resident memory in MB."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return tuple(int(lines[name].split()[0]) / 1000 for name in ("RssAnon", "RssFile"))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
