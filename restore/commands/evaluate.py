"""evaluate: PSNR and SSIM of a model on a folder of pictures, by a paper's protocol."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from restore.commands.pairs import Pair
    from restore.commands.scores import ScoreTable

PROTOCOL_NAMES = ("sr-y", "sr-rgb", "awgn-rgb", "awgn-gray", "real-srgb")
PRESETS = ("matlab", "matlab-classic", "bicubic")
METHODS = ("bicubic", "noisy")


def main(argv: list[str]) -> int:
    """Run `restore evaluate`: print a table, write the JSON that was asked for; 0 where all went well."""
    options = _parser().parse_args(argv)
    table = evaluate(options)
    if options.json is not None:
        table.write(options.json)
    return 0


def evaluate(options: argparse.Namespace) -> ScoreTable:
    """Restore and compare every picture, printing each row as it is known.

    Raises:
        RestoreError: options contradict each other, or a model or picture cannot be used.
    """
    _check(options)
    import torch  # torch takes seconds: not before --help

    from restore.commands.scores import PictureScore, ScoreTable
    from restore.metrics import find_protocol

    protocol = find_protocol(options.protocol)
    restore, model, scale, channels = _restorer(options)
    table = ScoreTable(_settings(options, model, scale))
    for number, pair in enumerate(_pairs(options, scale)):
        if number == 0:
            print(table.heading(), flush=True)  # only now is it known that there are pictures
        target, degraded = pair.target, pair.degraded
        if protocol.name.startswith("sr-") and channels == 3 and target.shape[1] == 1:
            # Tables of RGB networks take Set14's one gray picture as RGB; the bicubic row takes it as it is.
            target, degraded = target.expand(-1, 3, -1, -1), degraded.expand(-1, 3, -1, -1)
        with torch.inference_mode():
            scores = protocol.compare(restore(degraded), target, scale)
            noisy = None if protocol.name.startswith("sr-") else protocol.psnr(degraded, target).item()
        row = PictureScore(pair.name, scores.psnr.item(), scores.ssim.item(), noisy)
        table.pictures.append(row)
        print(table.line(row.name, row.psnr, row.ssim, row.input_psnr), flush=True)
    print(table.footer(), flush=True)
    return table


def _restorer(options: argparse.Namespace) -> tuple[Callable[[Tensor], Tensor], str, int, int | None]:
    """What restores, its name, its scale and how many channels it takes (None: any)."""
    if options.method == "noisy":
        return lambda degraded: degraded, "noisy", 1, None
    if options.method == "bicubic":
        from restore.degradation import enlarge

        return lambda small: enlarge(small, options.scale, options.preset), "bicubic", options.scale, None
    from restore.inference import Restorer
    from restore.zoo import load_network

    name = options.checkpoint or options.model
    network, _ = load_network(name, options.scale)
    scale = options.scale or network.scale
    if options.protocol.startswith("sr-") != (network.scale > 1) or scale != network.scale:
        raise ConfigError(
            f"{name} restores x{network.scale}, but the protocol {options.protocol} was asked for at x{scale}. "
            "Choose a protocol and a --scale that fit the model (sr-* for x2 and more)."
        )
    if network.takes_sigma and options.sigma is None:
        raise ConfigError(f"{name} must be told the noise level. Give --sigma in grey levels.")
    restorer = Restorer(
        network,
        device=options.device,
        precision=options.precision,
        self_ensemble=options.self_ensemble,
        sigma=options.sigma if network.takes_sigma else None,
    )
    return restorer, name, network.scale, network.image_channels


def _pairs(options: argparse.Namespace, scale: int) -> Iterator[Pair]:
    from restore.commands.pairs import Selection, noisy_pairs, real_pairs, small_pairs

    selection = Selection(crop=options.crop, ids=options.ids, limit=options.limit)
    if options.protocol == "real-srgb":
        return real_pairs(options.data, selection)
    if options.protocol.startswith("awgn-"):
        channels = 3 if options.protocol == "awgn-rgb" else 1
        return noisy_pairs(options.data, selection, channels, options.sigma, options.clip)
    return small_pairs(options.data, selection, scale, options.preset, options.lr, options.luma)


def _settings(options: argparse.Namespace, model: str, scale: int) -> dict[str, object]:
    """Everything that the numbers depend on, under the names of the options."""
    settings: dict[str, object] = {"protocol": options.protocol, "model": model, "data": str(options.data)}
    if options.protocol.startswith("sr-"):
        settings |= {"scale": scale, "preset": options.preset, "luma": options.luma}
        settings |= {"lr": str(options.lr) if options.lr else None}
    if options.protocol.startswith("awgn-"):
        settings |= {"sigma": options.sigma, "clip": options.clip}
    if options.method is None:
        settings |= {"precision": options.precision, "device": options.device, "self_ensemble": options.self_ensemble}
    ids = str(options.ids) if options.ids else None
    return settings | {"crop": options.crop, "ids": ids, "limit": options.limit}


def _check(options: argparse.Namespace) -> None:
    """Options that contradict each other are told before anything is loaded."""
    awgn, sr = options.protocol.startswith("awgn-"), options.protocol.startswith("sr-")
    complaints = {
        "--method bicubic enlarges: it needs an sr-* protocol": options.method == "bicubic" and not sr,
        "--method noisy leaves the picture as it is: it needs awgn-* or real-srgb": options.method == "noisy" and sr,
        "--method bicubic needs --scale": options.method == "bicubic" and not options.scale,
        "--sigma is missing: how strong is the noise, in grey levels (25)?": awgn and options.sigma is None,
        "--sigma is 0 to 255 grey levels": options.sigma is not None and not 0 <= options.sigma <= 255,
        "--sigma is for awgn-*, and for real-srgb with a model that takes it": sr and options.sigma is not None,
        "--clip is for awgn-*": options.clip and not awgn,
        "--lr and --luma are for sr-*": (options.lr is not None or options.luma) and not sr,
        "--scale is 1 or more": options.scale is not None and options.scale < 1,
        "--limit is 1 or more": options.limit is not None and options.limit < 1,
    }
    for complaint, holds in complaints.items():
        if holds:
            raise ConfigError(f"{complaint}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="restore evaluate",
        description="PSNR and SSIM by a paper's protocol: one value a picture, then the mean. See docs/protocols.md.",
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", metavar="NAME", help="weights that ship with restore")
    what.add_argument("--checkpoint", metavar="FILE", help="a .safetensors file, a .ckpt of restore fit, official .pth")
    what.add_argument("--method", choices=METHODS, help="bicubic enlarging, or the noisy picture as it is")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the test pictures")
    parser.add_argument("--protocol", required=True, choices=PROTOCOL_NAMES, help="how pictures are compared")
    parser.add_argument("--sigma", type=float, metavar="S", help="awgn-*: the noise added, in 8-bit grey levels")
    parser.add_argument("--clip", action="store_true", help="awgn-*: clip and round the noisy picture to 8 bit")
    parser.add_argument("--scale", type=int, metavar="N", help="sr-*: how many times larger (default: the model's)")
    parser.add_argument(
        "--preset", choices=PRESETS, default="matlab", help="sr-*: how small pictures are made (default: matlab)"
    )
    parser.add_argument("--lr", type=Path, metavar="DIR", help="sr-*: ready small pictures instead")
    parser.add_argument("--luma", action="store_true", help="sr-*: work on the 8-bit luma alone, as the oldest tables")
    parser.add_argument("--crop", choices=("kodak24",), help="the papers' Kodak24: the middle 500 x 500")
    parser.add_argument("--ids", type=Path, metavar="FILE", help="only the pictures that the file lists")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="(default: auto)")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16"), default="fp32", help="(default: fp32, as the papers)"
    )
    parser.add_argument("--self-ensemble", action="store_true", help="mean of 8 flips and turns")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number, with all settings and versions")
    return parser
