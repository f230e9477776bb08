"""Shards: pictures in tar files that are read from front to back, from a disk or over the network, by webdataset.

A folder of shards holds `shard-000000.tar` and so on, each with the files of pictures as they were (nothing is encoded
anew), and `index.json`, which says how many pictures each shard holds. The index is written last: a folder without
it is one whose packing did not come to its end, and is refused.

webdataset (BSD-3-Clause) opens the files and URLs and reads the tar; which picture is whose is decided by
`restore.data.ShardPatches`.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from restore.errors import ConfigError, DataError
from restore.images import replacing

INDEX = "index.json"
_SCHEMES = ("http://", "https://", "gs://", "hf://", "ais://")
_VERSION = 1


@dataclass(frozen=True)
class Shard:
    """One tar file."""

    name: str
    """Of the file, in the folder of its index."""
    pictures: int
    """How many it holds; of pairs, how many pairs."""
    bytes: int
    """Its size."""


@dataclass(frozen=True)
class ShardIndex:
    """What a folder of shards holds."""

    root: str
    """The folder or URL."""
    kind: Literal["clean", "pairs"]
    shards: tuple[Shard, ...]


def is_shards(root: str) -> bool:
    """Whether `root` is a folder of shards, or a URL, which can be nothing else."""
    return "://" in root or (Path(root) / INDEX).is_file()


def write_shards(
    samples: Sequence[tuple[Path, ...]], output: Path, megabytes: float = 256.0, seen: Iterable[Any] | None = None
) -> ShardIndex:
    """Pack files, in the order given, into shards of about `megabytes` each.

    Args:
        samples: the files of each sample: a clean picture alone, or a degraded one and its target.
        output: folder; must not hold an index.
        megabytes: a shard is closed once it is this large.
        seen: an iterable over `samples`, for a progress bar; None has none.

    Raises:
        DataError: a file cannot be read, or there are none.
        ConfigError: webdataset is not installed.
    """
    webdataset = _webdataset()
    if not samples:
        raise DataError("There are no pictures to pack. Name a folder that holds some.")
    output.mkdir(parents=True, exist_ok=True)
    waiting = enumerate(samples if seen is None else seen)
    shards: list[Shard] = []
    sample = next(waiting, None)
    while sample is not None:
        name = f"shard-{len(shards):06d}.tar"
        count, size = 0, 0.0
        with replacing(output / name) as part:
            with part.open("wb") as file, webdataset.TarWriter(file, encoder=False, mtime=0.0) as tar:
                while sample is not None and size < megabytes * 1e6:
                    size += tar.write(_content(*sample))
                    count += 1
                    sample = next(waiting, None)
            shards.append(Shard(name, count, part.stat().st_size))
    index = ShardIndex(str(output), "pairs" if len(samples[0]) == 2 else "clean", tuple(shards))
    text = {"version": _VERSION, "kind": index.kind, "shards": [asdict(shard) for shard in shards]}
    with replacing(output / INDEX) as part:
        part.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    return index


def read_index(root: str) -> ShardIndex:
    """What the shards at `root` hold.

    Raises:
        DataError: there is no index, or it is none of ours.
        ConfigError: webdataset is not installed, or the URL is of a kind that is not read.
    """
    place = shard_path(root, INDEX)
    try:
        with _webdataset().gopen(place) as file:
            text = json.loads(file.read())
        if text["version"] != _VERSION:
            raise DataError(f"{place} is of version {text['version']}, this is for {_VERSION}. Pack the pictures anew.")
        shards = tuple(
            Shard(str(shard["name"]), int(shard["pictures"]), int(shard["bytes"])) for shard in text["shards"]
        )
        return ShardIndex(root, text["kind"], shards)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{place} cannot be read as the index of shards ({_first_line(error)}). "
            "Name a folder or URL that restore data pack has filled."
        ) from error


def read_shard(index: ShardIndex, number: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Samples of one shard from the `first` one: "__key__", and the content of each file under its ending.

    Raises:
        DataError: the shard cannot be opened, or holds fewer pictures than the index says.
    """
    shard = index.shards[number]
    place = shard_path(index.root, shard.name)
    reading = _webdataset().tariterators.tarfile_samples([{"url": place}])
    count = 0
    try:
        for sample in reading:
            count += 1
            if count > first:
                yield sample
    except (OSError, ValueError, EOFError, tarfile.TarError) as error:
        raise DataError(
            f"{place} cannot be read ({_first_line(error)}). Check the network, or copy it again."
        ) from error
    if count != shard.pictures:
        raise DataError(
            f"{place} holds {count} pictures, its index says {shard.pictures}. Copy it again, or pack anew."
        )


def shard_path(root: str, name: str) -> str:
    """A file of a folder of shards, for webdataset.

    Raises:
        ConfigError: `root` is a URL of a kind that is not read; `pipe:` would run a command of a stranger's recipe.
    """
    if "://" not in root:
        return "file:" + str(Path(root) / name)
    if not root.startswith(_SCHEMES):
        raise ConfigError(f"Shards cannot be read from {root}. Take a folder, or one of {', '.join(_SCHEMES)}.")
    return f"{root.rstrip('/')}/{name}"


def _content(number: int, files: tuple[Path, ...]) -> dict[str, Any]:
    """A sample as webdataset writes it; its key keeps the picture's name, as far as tar allows."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", files[0].stem)[:60]
    endings = [""] if len(files) == 1 else ["degraded.", "target."]
    sample: dict[str, Any] = {"__key__": f"{number:08d}-{stem}"}
    for ending, file in zip(endings, files, strict=True):
        try:
            sample[ending + file.suffix[1:].lower()] = file.read_bytes()
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}. Change that, or leave it out.") from error
    return sample


def _webdataset() -> Any:
    try:
        import webdataset
        import webdataset.tariterators
    except ImportError as error:
        raise ConfigError('Shards need the package webdataset. Install it: pip install "restore[shards]"') from error
    return webdataset


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
