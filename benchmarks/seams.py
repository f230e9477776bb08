"""What tiles change in one 12-megapixel picture, with and without local pooling, and what local pooling costs.

    python benchmarks/seams.py [--model gaussian] [--tiles auto 512] [--width 4000 --height 3000] [--pictures FOLDER]
    python benchmarks/seams.py --drawn SAN RNAN HAN --width 600 --height 400 --tiles 240 --train-size 48

The picture is a mosaic of the built-in photographs (or of a folder's), so that its regions differ, with noise of sigma
25. It is restored whole and in tiles, by the network as it is and by `with_local_pooling`. The seam error is the
difference of the tiled result to the same network's whole one, in grey levels; of `--drawn` networks, narrow ones with
weights drawn at random that keep the size of the features, in hundredths of the result's deviation.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from restore.data import SamplePictures
from restore.images import find_pictures, read_pixels
from restore.inference import restore_tiled, with_local_pooling
from restore.inference.local_pooling import TRAIN_SIZE
from restore.inference.memory import auto_tile
from restore.networks import HAN, RNAN, SAN, RestorationNetwork
from restore.zoo import load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="gaussian")
    parser.add_argument("--tiles", nargs="+", default=["auto", "512"])
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--height", type=int, default=3000)
    parser.add_argument("--train-size", type=int, help="side of the training patches in pixels")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--drawn", nargs="+", default=[], choices=list(DRAWN), metavar="NETWORK", help=" ".join(DRAWN))
    options = parser.parse_args()
    for name in options.drawn or [options.model]:
        measure(name, options)


def measure(name: str, options: argparse.Namespace) -> None:
    """Print the rows of one network."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = drawn(name) if name in options.drawn else load_network(name)[0]
    network.to(device=device, memory_format=torch.channels_last)
    train_size = options.train_size or network.train_size or TRAIN_SIZE
    tiles = [auto_tile(network, device) if tile == "auto" else int(tile) for tile in options.tiles]
    target = torch.from_numpy(mosaic(options.pictures, options.height, options.width)).permute(2, 0, 1)[None] / 255
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    degraded = target + noise * (25 / 255)
    print(f"{name}, {options.width}x{options.height}, patches of training {train_size}, {device.type}")
    forms = {"as it is": network, "local pooling": with_local_pooling(network, train_size)}
    for label, form in forms.items():
        whole = restored(form, degraded, max(degraded.shape[2:]) + 8, f"{label:13}  whole    ", target)
        unit, said = (whole.std() / 100, "hundredths") if name in options.drawn else (torch.tensor(1 / 255), "levels")
        for tile in tiles:
            pieces = restored(form, degraded, tile, f"{label:13}  tile {tile:4}", target)
            error = (pieces - whole).abs() / unit
            print(f"    seam error: largest {error.max():.3f}, mean {error.mean():.4f} {said}", flush=True)


def drawn(name: str) -> RestorationNetwork:
    """A narrow form at scale 1 whose attention matters."""
    gain, form = DRAWN[name]
    network = form()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            spread = gain / parameter[0].numel() ** 0.5 if parameter.dim() > 1 else 0.1
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
            if key in ("source_scale", "layer_attention.scale"):
                parameter.fill_(1.0)
    return network.eval()


DRAWN = {
    "SAN": (1.5, lambda: SAN(1, 3, 16, groups=2, blocks=1, pixel_range=1)),
    "RNAN": (1.2, lambda: RNAN(1, 3, 8, groups=3, pixel_range=1)),
    "HAN": (0.6, lambda: HAN(1, 3, 16, groups=2, blocks=1, pixel_range=1)),
}


def restored(network: torch.nn.Module, degraded: Tensor, tile: int, label: str, target: Tensor) -> Tensor:
    """Restore, and print PSNR and time."""
    begin = time.perf_counter()
    with torch.inference_mode():
        device = str(next(network.parameters()).device)
        result = restore_tiled(network, degraded, tile, device=device)
    seconds = time.perf_counter() - begin
    error = torch.mean((result.clamp(0, 1) - target).square(), dtype=torch.float64)
    print(f"{label}  {-10 * torch.log10(error):.4f} dB  {seconds:.1f} s", flush=True)
    return result


def mosaic(folder: Path | None, height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8 of pictures side by side, row after row, from the first one again at the end."""
    if folder is None:
        pictures = list(SamplePictures("all"))
    else:
        pictures = [read_pixels(path, 3) for path in find_pictures(folder)]
    canvas = np.zeros((height, width, 3), np.uint8)
    index, top = 0, 0
    while top < height:
        left, below = 0, height
        while left < width:
            picture = pictures[index % len(pictures)][: height - top, : width - left]
            canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
            index, left, below = index + 1, left + picture.shape[1], min(below, top + picture.shape[0])
        top = below
    return canvas


if __name__ == "__main__":
    main()
