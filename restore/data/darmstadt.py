"""The Darmstadt Noise Dataset (DND): 50 noisy photographs, whose clean partners only the benchmark's server has.

Plötz and Roth, "Benchmarking Denoising Algorithms with Real Photographs", CVPR 2017, https://arxiv.org/abs/1707.01313.
The sRGB release is `info.mat` and `images_srgb/0001.mat` to `0050.mat`; 20 places of each are what is denoised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.data.matlab import read_field, read_matrix, write_matlab
from restore.errors import DataError
from restore.images import find_pictures, read_picture
from restore.images.picture import Pixels
from restore.images.tensors import peak

PICTURES, CROPS = 50, 20
"""What the server takes: so many pictures, so many crops of each."""

_NAME = re.compile(r"(\d{4})_(0[1-9]|1\d|20)")
_WHOLE = {f"{picture:04d}_{crop:02d}" for picture in range(1, PICTURES + 1) for crop in range(1, CROPS + 1)}

Place = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class DarmstadtPicture:
    """One photograph, and where its crops are."""

    name: str
    """As in "0001"."""
    parts: tuple[tuple[Path, Place | None], ...]
    """Files; of the release's, where in it a crop lies."""

    def crop(self, number: int) -> Pixels:
        """Crop `number`, from 0: (H, W, 3) float32 in [0, 1].

        Raises:
            DataError: the file cannot be read, is no sRGB picture, or the place lies outside of it.
            ConfigError: h5py is not installed, and the crop lies in the release.
        """
        path, place = self.parts[number]
        if place is None:
            pixels = read_picture(path).pixels
            values = pixels.astype(np.float32) / np.float32(peak(pixels.dtype))
        else:
            values = read_matrix(path, "InoisySRGB", place).astype(np.float32)
        if values.ndim != 3 or values.shape[2] != 3:
            raise DataError(f"{path} is {values.shape}, but DND's sRGB pictures have three channels. Take these.")
        return np.ascontiguousarray(values)


def is_release(folder: Path) -> bool:
    """Whether `folder` is the sRGB release as it is unpacked."""
    return (folder / "images_srgb").is_dir() and (folder / "info.mat").is_file()


def find_darmstadt(folder: Path) -> list[DarmstadtPicture]:
    """The photographs of a release, or of a folder of crops that were exported as `0001_01.png` and so on.

    Raises:
        DataError: it is neither, a picture or crop is missing, or info.mat cannot be read.
        ConfigError: h5py is not installed, and it is a release.
    """
    if is_release(folder):
        return list(_released(folder))
    crops = _exported(folder)
    if not crops:
        raise DataError(
            f"{folder} is neither the sRGB release of DND, images_srgb/0001.mat and so on beside info.mat, nor a "
            f"folder of its crops, 0001_01.png to 0050_20.png. Name one of these."
        )
    pictures = []
    for name in sorted({picture for picture, _ in crops}):
        numbers = [number for picture, number in crops if picture == name]
        lost = [number for number in range(1, CROPS + 1) if number not in numbers]
        if lost:
            raise DataError(f"{folder} holds no {name}_{lost[0]:02d}, one of {CROPS} crops of {name}. Export it again.")
        parts = tuple((crops[name, number], None) for number in sorted(numbers))
        pictures.append(DarmstadtPicture(name, parts))
    return pictures


def write_submission(file: Path, crops: Sequence[Pixels]) -> None:
    """Write the denoised crops of one picture as the server takes them, one file a picture.

    Args:
        file: `bundled/0001.mat` and so on.
        crops: (H, W, 3) in [0, 1], in the order of the boxes.

    Raises:
        DataError: the file cannot be written.
        ConfigError: scipy is not installed.
    """
    cells = np.empty(len(crops), dtype=object)
    for number, crop in enumerate(crops):
        cells[number] = crop.astype(np.float32)
    write_matlab(file, {"Idenoised": cells, "israw": False, "eval_version": "1.0"})


def refuse_targets(folder: Path, pictures: Iterable[Path], sure: bool = True) -> None:
    """Tell whoever wants clean pictures of DND that there are none; nothing is done where it is not DND.

    Args:
        folder: where pictures are looked for.
        pictures: that were found there.
        sure: False takes them for DND's where any has a name of its crops, not only where all 1000 are there.

    Raises:
        DataError: it is DND.
    """
    names = {path.stem for path in pictures}
    if is_release(folder) or names == _WHOLE or (not sure and names & _WHOLE):
        raise DataError(
            f"{folder} is the Darmstadt Noise Dataset, which has no clean pictures: nothing can be trained on it or "
            f"measured here. Its server measures: restore denoise {folder} --submission dnd --output DIR"
        )


def _released(folder: Path) -> Iterator[DarmstadtPicture]:
    for number, boxes in enumerate(read_field(folder / "info.mat", "info", "boundingboxes"), 1):
        file = folder / "images_srgb" / f"{number:04d}.mat"
        if not file.is_file():
            raise DataError(f"There is no {file}, which info.mat speaks of. Unpack the whole release.")
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise DataError(
                f"{folder / 'info.mat'} holds boxes of the shape {boxes.shape}, not (20, 4). Unpack it again."
            )
        # rows of: first row, first column, last row, last column, counted from 1
        places = [
            (slice(top - 1, bottom), slice(left - 1, right)) for top, left, bottom, right in boxes.astype(int).tolist()
        ]
        yield DarmstadtPicture(file.stem, tuple((file, place) for place in places))


def _exported(folder: Path) -> dict[tuple[str, int], Path]:
    """(picture, crop) -> file."""
    found = [(path, _NAME.fullmatch(path.stem)) for path in find_pictures(folder, recursive=False)]
    return {(match[1], int(match[2])): path for path, match in found if match}
