"""data pack: a folder of pictures in, tar files to stream from out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from restore.commands.arguments import Parser
from restore.errors import ConfigError, DataError

if TYPE_CHECKING:
    from restore.data.shards import ShardIndex


def main(argv: list[str]) -> int:
    """Run `restore data pack`; 0 where all is packed."""
    options = _parser().parse_args(argv)
    index = pack(options)
    pictures = sum(shard.pictures for shard in index.shards)
    megabytes = sum(shard.bytes for shard in index.shards) / 1e6
    what = "pairs" if index.kind == "pairs" else "pictures"
    print(f"Packed {pictures} {what} into {len(index.shards)} shards, {megabytes:.1f} MB, in {options.output}.")
    print(f"Train on them: restore fit --config RECIPE --data.root {options.output}")
    return 0


def pack(options: argparse.Namespace) -> ShardIndex:
    """Find, check, shuffle and pack the pictures.

    Raises:
        DataError: a folder or a picture cannot be read, or the shards cannot be written.
        ConfigError: the output holds shards already, is a file, or lies among the pictures.
    """
    import random

    from tqdm import tqdm

    from restore.data.shards import INDEX, write_shards

    _check_output(options)
    samples = _readable(_samples(options.folder), options.skip_broken)
    random.Random(options.seed).shuffle(samples)  # a run reads neighbors together: they must be of all kinds
    progress = tqdm(samples, "pack", unit="picture", disable=not sys.stderr.isatty())
    try:
        if (options.output / INDEX).exists():
            (options.output / INDEX).unlink()
            for old in options.output.glob("shard-*.tar"):
                old.unlink()
        return write_shards(samples, options.output, options.megabytes, progress)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DataError(f"{options.output} cannot be written: {why}. Choose another place or make room.") from error


def _check_output(options: argparse.Namespace) -> None:
    """What is wrong with the output is said before pictures are read for hours."""
    import os

    from restore.data.shards import INDEX

    output: Path = options.output
    place = next(path for path in (output.absolute(), *output.absolute().parents) if path.exists())
    if not place.is_dir():
        raise ConfigError(f"{output} cannot be a folder of shards: {place} is a file. Name another folder.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ConfigError(f"{output} cannot be written: no permission in {place}. Name another folder.")
    if options.folder.resolve() in (output.resolve(), *output.resolve().parents):
        raise ConfigError(f"{output} lies in {options.folder}, among the pictures. Name a folder outside.")
    if (output / INDEX).exists() and not options.overwrite:
        raise ConfigError(f"{output} holds shards already. Name another folder, or give --overwrite.")


def _samples(folder: Path) -> list[tuple[Path, ...]]:
    from restore.data import find_pairs
    from restore.images import find_pictures

    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Name one that holds pictures.")
    samples: list[tuple[Path, ...]] = list(find_pairs(folder)) or [(path,) for path in find_pictures(folder)]
    if not samples:
        raise DataError(f"{folder} holds no picture (png, jpg, tif, webp, bmp, gif). Name a folder that does.")
    return samples


def _readable(samples: list[tuple[Path, ...]], skip_broken: bool) -> list[tuple[Path, ...]]:
    """Those whose files all decode: what is broken must be said now, not after a day of training."""
    from concurrent.futures import ThreadPoolExecutor

    from tqdm import tqdm

    from restore.images import read_picture

    def problem(sample: tuple[Path, ...]) -> DataError | None:
        try:
            for path in sample:
                read_picture(path)
        except DataError as error:
            return error
        return None

    kept = []
    with ThreadPoolExecutor() as pool:
        found = tqdm(pool.map(problem, samples), "check", len(samples), unit="picture", disable=not sys.stderr.isatty())
        for sample, error in zip(samples, found, strict=True):
            if error is None:
                kept.append(sample)
            elif skip_broken:
                sys.stderr.write(f"left out: {error}\n")
            else:
                pool.shutdown(cancel_futures=True)
                raise DataError(f"{error} Or give --skip-broken.")
    return kept


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore data pack",
        description="Pack a folder of pictures, or of pairs, into tar files that are read from front to back, from a "
        "disk or over the network. The files stay as they are; their order is shuffled. Needs webdataset: "
        'pip install "restore[shards]".',
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="with its sub-folders")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the shards")
    parser.add_argument(
        "--megabytes",
        type=_size,
        default=256.0,
        metavar="MB",
        help="size of a shard; there must be at least one for each loading process of a run (default: %(default)g)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order (default: %(default)s)")
    parser.add_argument("--skip-broken", action="store_true", help="name broken files and leave them out")
    parser.add_argument("--overwrite", action="store_true", help="replace the shards that lie in the output")
    return parser


def _size(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not size > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size above 0")
    return size
