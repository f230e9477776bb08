"""denoise: pictures and folders in, the same names and the same tree out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from restore.commands.arguments import Parser
from restore.commands.restoring import (
    add_engine_options,
    add_picture_options,
    check_pictures,
    make_restorer,
    restore_pictures,
    tell,
)
from restore.errors import ConfigError

if TYPE_CHECKING:
    from restore.data import DarmstadtPicture
    from restore.inference import FolderReport

DEFAULT_MODEL = "photo"


def main(argv: list[str]) -> int:
    """Run `restore denoise`; 0 where every picture is done, 1 where one failed, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    if options.submission is not None:
        from restore.commands.submission import tell_submission

        return tell_submission(denoise(options), options.output)
    return tell(denoise(options), options.output)


def denoise(options: argparse.Namespace) -> FolderReport:
    """Load the model and restore what `options` name.

    Raises:
        RestoreError: an option, the model or the inputs are not usable.
    """
    from restore.zoo import load_network, sigma_to_tell  # torch takes seconds: not before --help

    pictures = _pictures(options)
    name = options.checkpoint or options.model
    network, card = load_network(name, sigma=options.sigma)
    if network.scale != 1:
        raise ConfigError(
            f"{name} enlarges x{network.scale}; it is no denoiser. "
            f"Choose another model, or run: restore upscale --scale {network.scale} --checkpoint {name}"
        )
    sigma = sigma_to_tell(card, options.sigma, name)
    if sigma is not None and not network.takes_sigma:
        raise ConfigError(f"The model {name} is blind: it finds the noise level itself. Leave --sigma out.")
    if pictures:
        from restore.commands.submission import denoise_pictures

        if options.precision == "auto":
            options.precision = "fp32"  # scored against others, as what evaluate measures
        restorer = make_restorer(options, network, sigma)
        return denoise_pictures(restorer, pictures, options.output, options.overwrite)
    return restore_pictures(options, network, sigma)


def _pictures(options: argparse.Namespace) -> list[DarmstadtPicture]:
    """What a submission consists of, or [] where pictures are denoised that any folder holds."""
    from restore.data.darmstadt import is_release

    if options.submission is not None:
        from restore.commands.submission import find_submission

        return find_submission(options.input, options.output)
    for folder in options.input:
        if is_release(folder):
            raise ConfigError(f"{folder} is the Darmstadt Noise Dataset, in MATLAB's files. Add: --submission dnd")
    check_pictures(options)
    return []


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore denoise",
        description="Denoise pictures. Folders keep their tree and files their names; results that exist are skipped.",
    )
    add_picture_options(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME", help="weights that ship with restore (default: %(default)s)"
    )
    which.add_argument(
        "--checkpoint", metavar="FILE", help="a .safetensors file, a .ckpt of restore fit, official .pth"
    )
    parser.add_argument(
        "--sigma",
        type=float,
        metavar="S",
        help="noise level in 8-bit grey levels, for a model that is not blind, or has weights for each level",
    )
    parser.add_argument(
        "--submission",
        choices=("dnd",),
        help="INPUT is the Darmstadt Noise Dataset, as released (images_srgb, info.mat) or as crops (0001_01.png ...): "
        "its crops as PNG, and in DIR/bundled what its server takes; computed in fp32 unless --precision says bf16",
    )
    add_engine_options(parser)
    return parser
