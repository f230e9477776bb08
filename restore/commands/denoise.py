"""denoise: pictures and folders in, the same names and the same tree out."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from restore.commands.arguments import Parser
from restore.errors import ConfigError

if TYPE_CHECKING:
    from restore.inference import FolderReport

DEFAULT_MODEL = "photo"


def main(argv: list[str]) -> int:
    """Run `restore denoise`; 0 where every picture is done, 1 where one failed, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    report = denoise(options)
    _tell(report, options.output)
    if report.interrupted:
        return 130
    return 1 if report.failed else 0


def denoise(options: argparse.Namespace) -> FolderReport:
    """Load the model and restore what `options` name.

    Raises:
        RestoreError: an option, the model or the inputs are not usable.
    """
    from restore.inference import Restorer, plan, restore_folder  # torch takes seconds: not before --help
    from restore.zoo import load_network

    _show_warnings()
    plan(options.input, options.output, not options.no_recursive)  # a wrong name is told before weights are loaded
    network, card = load_network(options.checkpoint or options.model)
    if network.scale != 1:
        raise ConfigError(f"{card.get('model')} enlarges x{network.scale}; it is no denoiser. Choose another model.")
    if options.sigma is not None and not network.takes_sigma:
        raise ConfigError(
            f"The model {card.get('model')} is blind: it finds the noise level itself. Leave --sigma out."
        )
    restorer = Restorer(
        network,
        device=options.device,
        precision=options.precision,
        tile=options.tile,
        self_ensemble=options.self_ensemble,
        sigma=options.sigma,
    )
    return restore_folder(
        restorer,
        options.input,
        options.output,
        recursive=not options.no_recursive,
        overwrite=options.overwrite,
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore denoise",
        description="Denoise pictures. Folders keep their tree and files their names; results that exist are skipped.",
    )
    parser.add_argument("input", nargs="+", type=Path, metavar="INPUT", help="pictures and folders")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="where the results go")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME", help="weights that ship with restore (default: %(default)s)"
    )
    which.add_argument("--checkpoint", metavar="FILE", help="a .safetensors file or a .ckpt of restore fit")
    parser.add_argument(
        "--sigma", type=float, metavar="S", help="noise level in 8-bit grey levels, for a model that is not blind"
    )
    parser.add_argument("--self-ensemble", action="store_true", help="mean of 8 flips and turns: slower, a bit better")
    parser.add_argument("--tile", type=_tile, default="auto", metavar="auto|N", help="side of a tile in pixels")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="(default: auto)")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="(default: auto)")
    parser.add_argument("--overwrite", action="store_true", help="make results again that exist")
    parser.add_argument("--no-recursive", action="store_true", help="leave sub-folders out")
    return parser


def _tile(text: str) -> int | str:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a number of pixels") from error


def _tell(report: FolderReport, output: Path) -> None:
    """Say in one line what was done, and in one more what to do about the rest."""
    counts = [f"{len(report.done)} restored into {output}"]
    if report.skipped:
        counts.append(f"{len(report.skipped)} skipped because their results exist (--overwrite makes them again)")
    if report.failed:
        counts.append(f"{len(report.failed)} failed (named above)")
    if report.interrupted:
        finished = len(report.done) + len(report.skipped)
        print(f"Stopped: {finished} of {report.total} are done. The same command goes on from there.", file=sys.stderr)
    print("; ".join(counts) + ".")


class _AboveTheBar(logging.StreamHandler[TextIO]):
    """Writes log lines above the progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


def _show_warnings() -> None:
    handler = _AboveTheBar()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("restore")
    if not any(isinstance(known, _AboveTheBar) for known in logger.handlers):
        logger.addHandler(handler)
        logger.propagate = False
