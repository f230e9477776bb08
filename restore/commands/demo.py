"""demo: the built-in pictures with noise added, denoised by the shipped weights, and what was gained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from restore.commands import denoise
from restore.commands.arguments import Parser

if TYPE_CHECKING:
    from restore.images.picture import Pixels

SIGMA = 25
_CROP = 256


def main(argv: list[str]) -> int:
    """Run `restore demo`; 0 where every picture is done."""
    options = _parser().parse_args(argv)

    import numpy as np  # not before --help

    from restore.data import SamplePictures
    from restore.images import Picture, read_pixels, write_picture
    from restore.zoo import find_weights

    find_weights(options.model)  # before any work: without weights there is nothing to show
    noisy, clean = options.output / "noisy", options.output / "clean"
    pictures = SamplePictures(split=options.split)
    targets = {Path(name).with_suffix(".png").name: pictures[i] for i, name in enumerate(pictures.names)}
    for seed, (name, target) in enumerate(targets.items()):
        noise = np.random.default_rng(seed).normal(0, SIGMA, target.shape)  # grey levels
        values = np.rint(np.clip(target + noise, 0, 255)).astype(np.uint8)
        write_picture(noisy / name, Picture(values))
    print(f"{len(targets)} pictures with noise of sigma {SIGMA} lie in {noisy}.")
    status = denoise.main([str(noisy), "--output", str(clean), "--model", options.model, "--overwrite"])
    if status:
        return status

    rows, strips = [], []
    for name, target in targets.items():
        before, after = read_pixels(noisy / name, 3), read_pixels(clean / name, 3)
        rows.append((name, _psnr(before, target), _psnr(after, target)))
        strips.append(np.concatenate([_middle(before), _middle(after), _middle(target)], axis=1))  # (h, 3 w, 3)
    print(_table(rows))
    show = options.output / "before_after.png"
    write_picture(show, Picture(np.concatenate(strips[-3:], axis=0)))
    print(f"Look at {show} (noisy | denoised | original); whole pictures are in {noisy} and {clean}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore demo",
        description=f"Add noise of sigma {SIGMA} to the photographs that come with scikit-image, and take it off.",
    )
    parser.add_argument("--output", type=Path, default=Path("demo"), metavar="DIR", help="(default: %(default)s)")
    parser.add_argument(
        "--model", default=denoise.DEFAULT_MODEL, metavar="NAME", help="weights that ship (default: %(default)s)"
    )
    parser.add_argument(
        "--split", choices=("train", "validation", "all"), default="all", help="which of them (default: %(default)s)"
    )
    return parser


def _psnr(restored: Pixels, target: Pixels) -> float:
    from restore.images import to_tensor
    from restore.metrics import psnr

    return float(psnr(to_tensor(restored)[None], to_tensor(target)[None]))


def _table(rows: list[tuple[str, float, float]]) -> str:
    """PSNR in dB of every picture, and the means."""
    mean = ("mean", sum(row[1] for row in rows) / len(rows), sum(row[2] for row in rows) / len(rows))
    lines = [f"{'PSNR, dB':<24}{'noisy':>8}{'denoised':>10}{'gain':>8}"]
    for name, before, after in [*rows, mean]:
        lines.append(f"{name:<24}{before:>8.2f}{after:>10.2f}{after - before:>+8.2f}")
    return "\n".join(lines)


def _middle(pixels: Pixels) -> Pixels:
    """The central square of 256 pixels; every built-in picture is larger."""
    top, left = (pixels.shape[0] - _CROP) // 2, (pixels.shape[1] - _CROP) // 2
    return pixels[top : top + _CROP, left : left + _CROP]
