"""Noise statistics of real photographs beside those of modelled camera noise, for calibrating `CameraNoise`.

    python benchmarks/camera_statistics.py [--data data/train/realnoise_polyu] [--draws 3] [--jpeg 75 75]

The folder holds pairs `*_real.*`, `*_mean.*` (PolyU's layout). The model degrades each mean picture `--draws` times, as
the JPEG branch of configs/photo.yaml does, with shot noise of `--log_shot low high`; `--jpeg` is the quality of PolyU's
files (libjpeg 75, 4:2:0, by their quantisation tables), `--plain` only rounds. The codec's own error, which the mean
picture has too, is taken out of the model's noise: stored(noisy) - stored(mean). Both are measured alike, for each
picture, where the mean picture is flat and not clipped. The table shows the 10th, 50th and 90th percentile over the
pictures, and the share of real pictures between the model's 2.5th and 97.5th. Standard deviations are in 8-bit grey
levels; an autocorrelation is the mean of both axes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.degradation import CameraNoise, Degradation, Jpeg, Quantize
from restore.images import find_pictures, read_pixels, to_tensor

LEVELS = (16, 48, 96, 144, 208)
"""Borders of the bins of intensity, grey levels."""

FLAT = 12
"""Largest range of a 3x3 neighbourhood of the blurred mean picture that counts as flat, grey levels."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/train/realnoise_polyu"))
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--jpeg", type=int, nargs=2, default=(75, 75), metavar=("LOW", "HIGH"))
    parser.add_argument("--log_shot", type=float, nargs=2, default=(-8.5, -4.8), metavar=("LOW", "HIGH"))
    parser.add_argument("--plain", action="store_true", help="no JPEG, rounding only")
    options = parser.parse_args()
    pairs = [(path, path.with_name(path.name.replace("_mean.", "_real."))) for path in find_pictures(options.data)]
    pairs = [(mean, real) for mean, real in pairs if "_mean." in mean.name and real.exists()]
    if not pairs:
        parser.error(f"{options.data} holds no pairs *_mean.*, *_real.*; PolyU's CroppedImages folder has them.")
    camera = CameraNoise(log_shot=tuple(options.log_shot))
    storage = Quantize() if options.plain else Jpeg(tuple(options.jpeg), subsampling=1.0)
    means = [to_tensor(read_pixels(mean, 3))[None] for mean, _ in pairs]
    reals = [to_tensor(read_pixels(real, 3))[None] for _, real in pairs]
    print(table(statistics(zip(means, reals)), statistics(modelled(means, camera, storage, options.draws))))


def modelled(
    means: list[Tensor], camera: CameraNoise, storage: Degradation, draws: int
) -> Iterable[tuple[Tensor, Tensor]]:
    """Each mean picture with `draws` noisy ones, both as they are stored."""
    for number, mean in enumerate(means):
        for draw in range(draws):
            seed = 1000 * number + draw
            noisy = camera(mean, torch.Generator().manual_seed(seed))
            files = (storage(picture, torch.Generator().manual_seed(seed)) for picture in (mean, noisy))
            yield next(files), next(files)


def statistics(pairs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Every measure of every pair, (pairs,) each; NaN where a picture has too few such pixels."""
    rows = [measure(mean * 255, (noisy - mean) * 255) for mean, noisy in pairs]
    return {name: torch.tensor([row[name] for row in rows]) for name in rows[0]}


def measure(mean: Tensor, noise: Tensor) -> dict[str, float]:
    """Statistics of one picture's noise, both (1, 3, H, W) in grey levels."""
    smooth = F.avg_pool2d(mean, 5, 1, 2, count_include_pad=False)
    span = F.max_pool2d(smooth, 3, 1, 1) + F.max_pool2d(-smooth, 3, 1, 1)
    flat = ((span < FLAT) & (smooth > LEVELS[0]) & (smooth < 240)).all(dim=1)  # (1, H, W)
    weights = noise.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    luma = (noise * weights).sum(dim=1)
    found = {"std luma": deviation(luma, flat)}
    found["std chroma / luma"] = (
        deviation(noise[:, 0] - luma, flat) ** 2 + deviation(noise[:, 2] - luma, flat) ** 2
    ) ** 0.5 / found["std luma"]
    for name, channel in zip("RGB", range(3)):
        found[f"std {name}"] = deviation(noise[:, channel], flat)
    for low, high in pairwise(LEVELS):
        level = (smooth * weights).sum(dim=1)
        here = flat & (level >= low) & (level < high)
        found[f"std luma at {low}-{high}"] = deviation(luma, here)
    for lag in (1, 2, 3, 6):
        found[f"luma lag {lag}"] = correlation(luma, flat, lag)
    for lag in (1, 2, 3, 6):
        chroma = [correlation(noise[:, channel] - luma, flat, lag) for channel in (0, 2)]
        found[f"chroma lag {lag}"] = sum(chroma) / 2
    for name, (one, other) in {"R-G": (0, 1), "G-B": (1, 2), "R-B": (0, 2)}.items():
        pair = noise[:, [one, other]].permute(1, 0, 2, 3)[:, flat]
        found[f"correlation {name}"] = float(torch.corrcoef(pair)[0, 1]) if flat.sum() > 500 else float("nan")
    return found


def deviation(field: Tensor, where: Tensor) -> float:
    """Standard deviation over the marked places; NaN under 500 of them."""
    return float(field[where].std()) if where.sum() > 500 else float("nan")


def correlation(field: Tensor, where: Tensor, lag: int) -> float:
    """Autocorrelation at a distance along rows and columns, over pairs of marked places."""
    found = []
    for axis in (-2, -1):
        length = field.shape[axis] - lag
        one, other = field.narrow(axis, 0, length), field.narrow(axis, lag, length)
        both = where.narrow(axis, 0, length) & where.narrow(axis, lag, length)
        if both.sum() <= 500:
            return float("nan")
        found.append(float(torch.corrcoef(torch.stack([one[both], other[both]]))[0, 1]))
    return sum(found) / 2


def table(real: dict[str, Tensor], model: dict[str, Tensor]) -> str:
    """One line a measure: percentiles of both."""
    marks = torch.tensor([0.1, 0.5, 0.9])
    lines = [f"{'':22}{'real 10%':>10}{'50%':>8}{'90%':>8}{'model 10%':>12}{'50%':>8}{'90%':>8}{'covered':>9}"]
    for name in real:
        ours = torch.nanquantile(model[name], marks)
        known = real[name][~real[name].isnan()]
        low, high = torch.nanquantile(model[name], torch.tensor([0.025, 0.975]))
        covered = ((known >= low) & (known <= high)).float().mean()
        numbers = [*torch.nanquantile(real[name], marks).tolist(), *ours.tolist()]
        lines.append(
            f"{name:22}{numbers[0]:10.2f}{numbers[1]:8.2f}{numbers[2]:8.2f}{numbers[3]:12.2f}{numbers[4]:8.2f}"
            f"{numbers[5]:8.2f}{covered:9.0%}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
