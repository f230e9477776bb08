"""What denoise and upscale share: their options, the run over the pictures, and what is said about it."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from restore.inference import FolderReport, Restorer
    from restore.networks import RestorationNetwork


def add_picture_options(parser: argparse.ArgumentParser) -> None:
    """Where the pictures are, and where the results go."""
    parser.add_argument("input", nargs="+", type=Path, metavar="INPUT", help="pictures and folders")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="where the results go")


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """How the pictures are restored."""
    parser.add_argument("--self-ensemble", action="store_true", help="mean of 8 flips and turns: slower, a bit better")
    parser.add_argument("--tile", type=_tile, default="auto", metavar="auto|N", help="side of a tile in pixels")
    parser.add_argument(
        "--local-pooling",
        choices=("auto", "on", "off"),
        default="auto",
        help="means over windows instead of the whole picture: fainter seams, slower; auto: where tiles are cut",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="(default: auto)")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto", help="(default: auto)")
    parser.add_argument("--overwrite", action="store_true", help="make results again that exist")
    parser.add_argument("--no-recursive", action="store_true", help="leave sub-folders out")


def check_pictures(options: argparse.Namespace) -> None:
    """Tell a wrong name before weights are loaded, and warnings above the progress bar from now on.

    Raises:
        ConfigError: a result would fall on an input, or two inputs on one result.
        DataError: an input does not exist, or there is no picture.
    """
    from restore.inference import plan

    show_warnings()
    plan(options.input, options.output, not options.no_recursive)


def restore_pictures(
    options: argparse.Namespace, network: RestorationNetwork, sigma: float | None = None
) -> FolderReport:
    """Restore what `options` name.

    Raises:
        RestoreError: an option or the inputs are not usable.
    """
    from restore.inference import restore_folder

    return restore_folder(
        make_restorer(options, network, sigma),
        options.input,
        options.output,
        recursive=not options.no_recursive,
        overwrite=options.overwrite,
    )


def make_restorer(options: argparse.Namespace, network: RestorationNetwork, sigma: float | None = None) -> Restorer:
    """The network as the options of `add_engine_options` want it.

    Raises:
        ConfigError: an option is not usable.
    """
    from restore.inference import Restorer

    return Restorer(
        network,
        device=options.device,
        precision=options.precision,
        tile=options.tile,
        self_ensemble=options.self_ensemble,
        sigma=sigma,
        local_pooling=options.local_pooling,
    )


def tell(report: FolderReport, output: Path, what: str = "restored") -> int:
    """Say in one line what was done, in one more what to do about the rest; return the exit status.

    0 where every picture is done, 1 where one failed, 130 after Ctrl-C.
    """
    counts = [f"{len(report.done)} {what} into {output}"]
    if report.skipped:
        counts.append(f"{len(report.skipped)} skipped because their results exist (--overwrite makes them again)")
    if report.failed:
        counts.append(f"{len(report.failed)} failed (named above)")
    if report.interrupted:
        finished = len(report.done) + len(report.skipped)
        print(f"Stopped: {finished} of {report.total} are done. The same command goes on from there.", file=sys.stderr)
    print("; ".join(counts) + ".")
    if report.interrupted:
        return 130
    return 1 if report.failed else 0


def _tile(text: str) -> int | str:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a number of pixels") from error


class _AboveTheBar(logging.StreamHandler[TextIO]):
    """Writes log lines above the progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


def show_warnings() -> None:
    """Write warnings above the progress bar from now on."""
    handler = _AboveTheBar()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("restore")
    if not any(isinstance(known, _AboveTheBar) for known in logger.handlers):
        logger.addHandler(handler)
        logger.propagate = False
