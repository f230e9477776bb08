"""The options of evaluate, and which of them contradict each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from restore.errors import ConfigError

PROTOCOL_NAMES = ("sr-y", "sr-rgb", "awgn-rgb", "awgn-gray", "real-srgb", "sidd-srgb")
PAIRED = ("real-srgb", "sidd-srgb")
"""Protocols whose noisy pictures are files beside the clean ones."""
PRESETS = ("matlab", "matlab-classic", "bicubic")
ENLARGING = ("bicubic", "area", "bilinear", "lanczos", "nearest")
ALSO = ("niqe", "lpips", "dists")
METHODS = (*ENLARGING, "noisy")


class Subject(NamedTuple):
    """One thing that is evaluated."""

    name: str
    """Of weights that ship with restore, of a weights file, or of a method."""
    method: bool
    """Whether it is a method, without weights."""


def read_options(argv: list[str]) -> argparse.Namespace:
    """Parse the words of the command line; `subjects` holds what is evaluated, one or two.

    Raises:
        ConfigError: options contradict each other; nothing has been loaded yet.
    """
    options = _parser().parse_args(argv)
    options.subjects = _subjects(options)
    methods_alone = all(subject.method for subject in options.subjects)
    # The tables' bicubic row was made on the luma alone; a network is fed what its own papers fed it.
    as_the_tables = methods_alone and options.protocol == "sr-y" and options.preset is None and options.lr is None
    if options.luma is None:
        options.luma = as_the_tables
    if options.preset is None:
        options.preset = "bicubic" if as_the_tables and options.luma else "matlab"
    _check(options)
    return options


def _subjects(options: argparse.Namespace) -> list[Subject]:
    flags = [Subject(name, method) for name, method in _flagged(options) if name is not None]
    named = [Subject(name, name in METHODS) for name in options.subject]
    if len(flags) + len(named) == 0:
        raise ConfigError("What is evaluated? Name a model, a weights file or a method; a second one is compared.")
    if len(flags) > 1 or (flags and named) or len(named) > 2:
        raise ConfigError("Name one thing to evaluate, or two to compare: restore evaluate A B --data DIR ...")
    return flags + named


def _flagged(options: argparse.Namespace) -> list[tuple[str | None, bool]]:
    return [(options.model, False), (options.checkpoint, False), (options.method, True)]


def _check(options: argparse.Namespace) -> None:
    awgn, sr = options.protocol.startswith("awgn-"), options.protocol.startswith("sr-")
    methods = [subject.name for subject in options.subjects if subject.method]
    enlarging = [name for name in methods if name in ENLARGING]
    complaints = {
        f"--method {' and '.join(enlarging)} enlarges: it needs an sr-* protocol": bool(enlarging) and not sr,
        "--method noisy leaves the picture as it is: it needs awgn-*, real-srgb or sidd-srgb": "noisy" in methods
        and sr,
        f"--method {' and '.join(enlarging)} needs --scale": bool(enlarging) and options.scale is None,
        "--sigma is missing: how strong is the noise, in grey levels (25)?": awgn and options.sigma is None,
        "--sigma is 0 to 255 grey levels": options.sigma is not None and not 0 <= options.sigma <= 255,
        "--sigma is for awgn-*, and for real-srgb and sidd-srgb with a model that takes it": sr
        and options.sigma is not None,
        "--clip is for awgn-*": options.clip and not awgn,
        "--lr and --luma are for sr-*": (options.lr is not None or options.luma) and not sr,
        "--also looks at colour: with it, give --no-luma": bool(options.also) and options.luma,
        "--scale is 1 or more": options.scale is not None and options.scale < 1,
        "--limit is 1 or more": options.limit is not None and options.limit < 1,
    }
    for complaint, holds in complaints.items():
        if holds:
            raise ConfigError(complaint if complaint.endswith("?") else f"{complaint}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="restore evaluate",
        usage="restore evaluate MODEL [MODEL] --data DIR --protocol NAME [options]",
        description="PSNR and SSIM by a paper's protocol: one value a picture, their mean, and a bootstrap interval of "
        "it; of two models, also the paired interval of their difference. See docs/protocols.md.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "subject",
        nargs="*",
        metavar="MODEL",
        help=f"weights that ship with restore, a weights file, or a method ({', '.join(METHODS)}); two are compared",
    )
    parser.add_argument("--model", metavar="NAME", help="the same as MODEL: weights that ship with restore")
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="a .safetensors file, a .ckpt of restore fit, official .pth"
    )
    parser.add_argument("--method", choices=METHODS, help="no model: enlarging, or the noisy picture as it is")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the test pictures")
    parser.add_argument("--protocol", required=True, choices=PROTOCOL_NAMES, help="how pictures are compared")
    parser.add_argument("--sigma", type=float, metavar="S", help="awgn-*: the noise added, in 8-bit grey levels")
    parser.add_argument("--clip", action="store_true", help="awgn-*: clip and round the noisy picture to 8 bit")
    parser.add_argument("--scale", type=int, metavar="N", help="sr-*: how many times larger (default: the model's)")
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        help="sr-*: how small pictures are made (default: matlab; with --luma and a method alone: bicubic)",
    )
    parser.add_argument("--lr", type=Path, metavar="DIR", help="sr-*: ready small pictures instead")
    parser.add_argument(
        "--luma",
        action=argparse.BooleanOptionalAction,
        help="sr-*: work on the 8-bit luma alone, as the tables' bicubic rows were made "
        "(default: for sr-y with a method alone, unless --preset or --lr is given)",
    )
    parser.add_argument("--crop", choices=("kodak24",), help="the papers' Kodak24: the middle 500 x 500")
    parser.add_argument("--ids", type=Path, metavar="FILE", help="only the pictures that the file lists")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures")
    parser.add_argument(
        "--also",
        nargs="+",
        choices=ALSO,
        default=[],
        metavar="NAME",
        help=f"perceptual measures beside PSNR and SSIM: {', '.join(ALSO)}; they need restore[perceptual] or "
        "restore[niqe], and weights that are downloaded once",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="(default: auto)")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16"), default="fp32", help="(default: fp32, as the papers)"
    )
    parser.add_argument("--self-ensemble", action="store_true", help="mean of 8 flips and turns")
    parser.add_argument(
        "--local-pooling",
        choices=("auto", "on", "off"),
        default="auto",
        help="means over windows of the training patches' size, not the whole picture; auto: where tiles are cut",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number, with all settings and versions")
    return parser
