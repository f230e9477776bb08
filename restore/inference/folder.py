"""Restoring files and folders: the next picture is read and the last one written while one is computed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from tqdm import tqdm

from restore.errors import ConfigError, DataError, RestoreError
from restore.images import (
    Picture,
    check_size,
    fill_hidden,
    find_pictures,
    read_picture,
    to_pixels,
    to_tensor,
    write_picture,
)
from restore.images.picture import Pixels

logger = logging.getLogger(__name__)

_EXPECTED = (RestoreError, OSError, MemoryError, torch.OutOfMemoryError)


@dataclass
class FolderReport:
    """What became of the pictures."""

    done: list[Path] = field(default_factory=list)
    """Results that were written."""
    skipped: list[Path] = field(default_factory=list)
    """Results that were there already."""
    failed: dict[Path, str] = field(default_factory=dict)
    """Pictures that could not be restored, and why; the reason names the file."""
    interrupted: bool = False
    """Whether Ctrl-C came before the end."""
    total: int = 0
    """Pictures that were found."""


def restore_folder(
    restore: Callable[[Pixels], Pixels],
    inputs: Sequence[str | Path],
    output: str | Path,
    *,
    recursive: bool = True,
    overwrite: bool = False,
    progress: bool = True,
) -> FolderReport:
    """Restore pictures under their own names into `output`; a folder's tree is made again there.

    A picture that fails is named in the report and the others are done. Ctrl-C ends the run between two files:
    what is done is whole, and the same call goes on from there, because results that exist are skipped.

    Args:
        restore: a `Restorer`, or anything from (H, W, C) to (scale * H, scale * W, C). Transparency is enlarged by a
            cubic kernel.
        inputs: files and folders.
        output: a folder; it is made where it is missing.
        recursive: whether sub-folders are searched.
        overwrite: whether results that exist are made again.
        progress: whether a bar with pictures a second and the time left is drawn.

    Raises:
        ConfigError: a result would fall on an input, or two inputs on one result.
        DataError: an input does not exist, or there is no picture.
    """
    jobs = plan(inputs, Path(output), recursive)
    report = FolderReport(total=len(jobs))
    open_jobs = [(source, result) for source, result in jobs if overwrite or not _exists(result)]
    report.skipped = [result for _, result in jobs if not overwrite and _exists(result)]
    bar = tqdm(total=len(open_jobs), unit="picture", disable=not progress or not open_jobs)
    with bar, ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        writing: tuple[Path, Path, Future[None]] | None = None
        try:
            for source, result, reading in _ahead(reader, open_jobs):
                try:
                    restored = _restore(restore, reading.result(), result)
                except _EXPECTED as error:
                    _fail(report, source, error, bar)
                    continue
                finished, writing = writing, (source, result, writer.submit(write_picture, result, restored))
                _settle(finished, report, bar)
            finished, writing = writing, None
            _settle(finished, report, bar)
        except KeyboardInterrupt:
            report.interrupted = True
            reader.shutdown(wait=False, cancel_futures=True)
            _settle(writing, report, bar)
    return report


def plan(inputs: Sequence[str | Path], output: Path, recursive: bool = True) -> list[tuple[Path, Path]]:
    """Pair every picture with the file that its result goes to.

    Raises:
        ConfigError: a result would fall on an input, or two inputs on one result.
        DataError: an input does not exist, or there is no picture.
    """
    if output.exists() and not output.is_dir():
        raise ConfigError(f"The output {output} is a file. Name a folder.")
    results: dict[Path, Path] = {}
    for given in map(Path, inputs):
        if given.is_dir():
            if given.resolve() == output.resolve():
                raise ConfigError(f"Input and output are both {given}. Name another output folder.")
            found = [path for path in find_pictures(given, recursive) if not _inside(path, output)]
            pairs = [(path, output / path.relative_to(given)) for path in found]
        elif given.exists() or given.is_symlink():
            pairs = [(given, output / given.name)]
        else:
            raise DataError(f"{given} does not exist. Check the name.")
        for source, result in pairs:
            if source.resolve() == result.resolve():
                raise ConfigError(f"The result of {source} would replace it. Name another output folder.")
            other = results.setdefault(result, source)
            if other.resolve() != source.resolve():
                raise ConfigError(f"{other} and {source} would both become {result}. Restore them in two runs.")
    if not results:
        names = ", ".join(map(str, inputs))
        hint = "" if recursive else " Sub-folders were left out (--no-recursive)."
        raise DataError(f"There are no pictures in {names}.{hint} PNG, JPEG, WebP, TIFF, BMP and GIF are looked for.")
    return [(source, result) for result, source in results.items()]


def _ahead(
    reader: ThreadPoolExecutor, jobs: Sequence[tuple[Path, Path]]
) -> Iterator[tuple[Path, Path, Future[Picture]]]:
    """Yield each job with its picture, while the next one is being read."""
    waiting = reader.submit(read_picture, jobs[0][0]) if jobs else None
    for index, (source, result) in enumerate(jobs):
        assert waiting is not None
        current = waiting
        waiting = reader.submit(read_picture, jobs[index + 1][0]) if index + 1 < len(jobs) else None
        yield source, result, current


def _restore(restore: Callable[[Pixels], Pixels], picture: Picture, result: Path) -> Picture:
    height, width = picture.pixels.shape[:2]
    scale = getattr(restore, "scale", 1)
    check_size(result, width * scale, height * scale)  # hours of computing may lie between here and the writing
    if picture.alpha is None:
        return replace(picture, pixels=restore(picture.pixels))
    pixels = restore(fill_hidden(picture.pixels, picture.alpha))
    return replace(picture, pixels=pixels, alpha=_enlarged(picture.alpha, pixels.shape[0] // height))


def _enlarged(alpha: Pixels, scale: int) -> Pixels:
    """(H, W) -> (scale * H, scale * W) linear, which rings nowhere: transparency is no picture for a network."""
    if scale == 1:
        return alpha
    values = to_tensor(alpha[:, :, None])[None]  # (1, 1, H, W)
    larger = torch.nn.functional.interpolate(
        values, scale_factor=scale, mode="bilinear"
    )  # (1, 1, scale * H, scale * W)
    return to_pixels(larger[0].clamp_(0, 1), alpha.dtype)[:, :, 0]


def _settle(job: tuple[Path, Path, Future[None]] | None, report: FolderReport, bar: tqdm) -> None:
    """Wait until a result is written, and note it."""
    if job is None:
        return
    source, result, writing = job
    try:
        writing.result()
    except _EXPECTED as error:
        _fail(report, source, error, bar)
    else:
        report.done.append(result)
        bar.update()


def _fail(report: FolderReport, source: Path, error: BaseException, bar: tqdm) -> None:
    reason = str(error) or type(error).__name__
    report.failed[source] = reason if str(source) in reason else f"{source}: {reason}"
    logger.error("%s", report.failed[source])
    bar.update()


def _exists(result: Path) -> bool:
    return result.is_file() and result.stat().st_size > 0


def _inside(path: Path, folder: Path) -> bool:
    return path.absolute().is_relative_to(folder.absolute())
