"""What "Set5" is: lists of the published test sets' pictures, by a hash of their pixels.

The lists lie in `data/manifests/*.csv` and travel in the wheel: name, width, height, channels, sha256. The hash is of
the decoded 8-bit pixels, row by row, and not of the file, so a lossless copy in another format or packing counts as the
picture and a recompressed, resized or cropped one does not. Gray stored as RGB counts as gray. A picture that exists
and that nobody here has seen stands in its list without a hash.
"""

from __future__ import annotations

import csv
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.errors import DataError
from restore.images import read_picture, to_eight_bits

MANIFESTS = Path(__file__).parent / "manifests"
_COLUMNS = ("name", "width", "height", "channels", "sha256")


@dataclass(frozen=True)
class Entry:
    """One picture of a set."""

    name: str
    width: int
    height: int
    channels: int
    sha256: str
    """Empty where the picture is known by its name alone."""


@dataclass(frozen=True)
class Recognition:
    """How a folder's pictures compare with a known set."""

    name: str
    """The set's."""
    size: int
    """How many pictures it has."""
    same: list[str]
    """Names, as the set calls them, of the pictures that are there, pixel by pixel."""
    differing: list[str]
    """Those whose name is there with other pixels."""
    missing: list[str]
    """Those that are not there."""
    unknown: list[str]
    """Those that are there by name and of which no hash is known."""
    foreign: list[str]
    """Files that are not in the set."""

    @property
    def whole(self) -> bool:
        """Whether the folder is the set, no more and no less."""
        return len(self.same) == self.size and not self.foreign

    def __str__(self) -> str:
        if self.whole:
            return f"{self.name}, all {self.size} pictures as known"
        parts = [f"{self.name}, {len(self.same)} of {self.size} pictures as known"]
        for names, word in (
            (self.differing, "with other pixels"),
            (self.missing, "missing"),
            (self.unknown, "that cannot be told"),
            (self.foreign, "not of the set"),
        ):
            if names:
                parts.append(f"{len(names)} {word} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
        return ", ".join(parts)


def pixel_hash(pixels: np.ndarray) -> str:
    """sha256 of uint8 pixels (H, W, 1 or 3); three equal channels count as one."""
    if pixels.shape[2] == 3 and (pixels == pixels[:, :, :1]).all():
        pixels = pixels[:, :, :1]
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def describe(path: Path) -> Entry:
    """The entry that a picture file would have in a manifest.

    Raises:
        DataError: it cannot be read.
    """
    pixels = to_eight_bits(read_picture(path).pixels)
    gray = pixels.shape[2] == 1 or bool((pixels == pixels[:, :, :1]).all())
    return Entry(path.stem, pixels.shape[1], pixels.shape[0], 1 if gray else 3, pixel_hash(pixels))


def write_manifest(file: Path, entries: Sequence[Entry]) -> None:
    """Write a list that `read_manifest` reads."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([getattr(entry, column) for column in _COLUMNS] for entry in entries)


def read_manifest(file: Path) -> list[Entry]:
    """The pictures of a list.

    Raises:
        DataError: the file is not such a list.
    """
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream, strict=True))
        return [
            Entry(row["name"], int(row["width"]), int(row["height"]), int(row["channels"]), row["sha256"])
            for row in rows
        ]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file} is no manifest ({error}). Its columns are {', '.join(_COLUMNS)}.") from error


@functools.cache
def known_sets() -> dict[str, list[Entry]]:
    """Name of each known set -> its pictures; the names are those of the files in `data/manifests`."""
    return {file.stem: read_manifest(file) for file in sorted(MANIFESTS.glob("*.csv"))}


def recognize(paths: Sequence[Path]) -> Recognition | None:
    """Which known set these pictures are, or None where hardly one of them is in any.

    Half of the pictures, or half of the set, must be the set's pixel by pixel; of several, the set that the pictures
    resemble most. Files are told by their pixels whatever their names say.

    Raises:
        DataError: a picture cannot be read.
    """
    return recognize_entries({path: describe(path) for path in paths})


def recognize_entries(found: dict[Path, Entry]) -> Recognition | None:
    """The same of files that are described already."""
    hashes = {entry.sha256 for entry in found.values()}
    best: tuple[float, str] | None = None
    for name, entries in known_sets().items():
        common = sum(entry.sha256 in hashes for entry in entries)
        if 2 * common < min(len(found), len(entries)) or not common:
            continue
        likeness = common / (len(found) + len(entries) - common)
        best = max(best, (likeness, name)) if best else (likeness, name)
    return _compare(best[1], found) if best else None


def _compare(name: str, found: dict[Path, Entry]) -> Recognition:
    entries = known_sets()[name]
    hashes, stems = {entry.sha256 for entry in found.values()}, {path.stem for path in found}
    same = [entry for entry in entries if entry.sha256 in hashes]
    rest = [entry for entry in entries if entry.sha256 not in hashes]
    known, names = {entry.sha256 for entry in entries}, {entry.name for entry in rest}
    return Recognition(
        name=name,
        size=len(entries),
        same=[entry.name for entry in same],
        differing=[entry.name for entry in rest if entry.name in stems and entry.sha256],
        unknown=[entry.name for entry in rest if entry.name in stems and not entry.sha256],
        missing=[entry.name for entry in rest if entry.name not in stems],
        foreign=[path.name for path, entry in found.items() if entry.sha256 not in known and path.stem not in names],
    )
