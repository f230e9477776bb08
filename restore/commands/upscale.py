"""upscale: pictures and folders in, the same names and the same tree out, `scale` times larger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from restore.commands.arguments import Parser
from restore.commands.restoring import add_engine_options, add_picture_options, check_pictures, restore_pictures, tell
from restore.errors import ConfigError

if TYPE_CHECKING:
    from restore.inference import FolderReport
    from restore.networks import RestorationNetwork


def main(argv: list[str]) -> int:
    """Run `restore upscale`; 0 where every picture is done, 1 where one failed, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    return tell(upscale(options), options.output)


def upscale(options: argparse.Namespace) -> FolderReport:
    """Load the model and enlarge what `options` name.

    Raises:
        RestoreError: an option, the model or the inputs are not usable.
    """
    name = options.checkpoint or options.model
    if name is None:
        raise ConfigError(
            "No weights for super-resolution come with restore. Name some by --checkpoint: a .safetensors file or "
            "a .ckpt that restore fit wrote (restore fit --config rcan.yaml trains one), or the authors' .pth of a "
            "network that restore convert knows."
        )
    from restore.zoo import load_network  # torch takes seconds: not before --help

    check_pictures(options)
    network, _ = load_network(name, options.scale)
    select_scale(network, options.scale, name)
    return restore_pictures(options, network)


def select_scale(network: RestorationNetwork, scale: int | None, name: str) -> None:
    """Make a network that holds several scales restore by the wanted one.

    Raises:
        ConfigError: it does not enlarge, or not by `scale`.
    """
    held: tuple[int, ...] = tuple(getattr(network, "scales", (network.scale,)))
    if network.scale == 1 and held == (1,):
        raise ConfigError(
            f"{name} keeps the size of a picture; it does not enlarge. "
            f"Choose another model, or run: restore denoise --checkpoint {name}"
        )
    if scale is None or scale == network.scale:
        return
    if scale not in held:
        offered = " or ".join(f"--scale {one}" for one in held)
        raise ConfigError(
            f"{name} enlarges x{' and x'.join(map(str, held))}, not x{scale}. Give {offered}, or other weights."
        )
    network.select(scale)  # type: ignore[operator]  # networks that hold several scales have it


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore upscale",
        description="Enlarge pictures by a super-resolution network. Folders keep their tree and files their names; "
        "results that exist are skipped.",
    )
    add_picture_options(parser)
    parser.add_argument(
        "--scale", type=_scale, metavar="S", help="how many times larger: what the model does (default: the model's)"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", metavar="NAME", help="weights that ship with restore; none for this do yet")
    which.add_argument(
        "--checkpoint", metavar="FILE", help="a .safetensors file, a .ckpt of restore fit, official .pth"
    )
    add_engine_options(parser)
    return parser


def _scale(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 2")
    return int(text)
