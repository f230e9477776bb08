"""The pictures that `evaluate` restores and compares, made from files by the rules of a protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from restore.data import find_pairs, match_small
from restore.data.darmstadt import refuse_targets
from restore.degradation import Quantize, imresize, protocol_noise
from restore.degradation.resize import Preset
from restore.errors import DataError
from restore.images import find_pictures, read_picture, to_eight_bits, to_tensor
from restore.metrics import luminance

KODAK24_SIDE = 500
"""The denoising papers' Kodak24 is the middle 500 x 500 of each picture."""


@dataclass(frozen=True)
class Pair:
    """What is restored and what it should become, both (1, C, H, W) float32 in [0, 1]."""

    name: str
    degraded: Tensor
    target: Tensor


@dataclass(frozen=True)
class Selection:
    """Which pictures of a folder are used."""

    crop: Literal["kodak24"] | None = None
    """"kodak24" cuts out the middle 500 x 500."""
    ids: Path | None = None
    """A list of file names, one a line; a line's first word counts, and lines after # do not."""
    limit: int | None = None
    """Only so many, the first by name."""

    def among(self, paths: list[Path], folder: Path) -> list[Path]:
        """The chosen ones, in the order of their names.

        Raises:
            DataError: the list names a picture that is not there, or nothing is left.
        """
        if self.ids is not None:
            wanted = _read_ids(self.ids)
            here = {path.name for path in paths} | {path.stem for path in paths}
            lost = [name for name in wanted if name not in here]
            if lost:
                raise DataError(f"{self.ids} names {lost[0]} and {len(lost) - 1} more that are not in {folder}.")
            paths = [path for path in paths if path.name in wanted or path.stem in wanted]
        paths = paths[: self.limit]
        if not paths:
            raise DataError(f"No pictures to evaluate in {folder}. Name a folder that holds the test pictures.")
        return paths

    def read(self, path: Path) -> Tensor:
        """One picture, cropped, (1, C, H, W) in [0, 1], rounded to 8 bit where the file holds more.

        Raises:
            DataError: the file cannot be read, or is too small for the crop.
        """
        picture = to_tensor(to_eight_bits(read_picture(path).pixels))[None]
        if self.crop is None:
            return picture
        top, left = ((side - KODAK24_SIDE) // 2 for side in picture.shape[-2:])
        if min(top, left) < 0:
            raise DataError(f"{path} is smaller than {KODAK24_SIDE} x {KODAK24_SIDE}. Leave --crop out.")
        return picture[..., top : top + KODAK24_SIDE, left : left + KODAK24_SIDE]


def targets(folder: Path, selection: Selection, paired: bool) -> list[Path]:
    """The clean files that are used, in order.

    Raises:
        DataError: there is none, a list names another, or the folder is the Darmstadt Noise Dataset.
    """
    if not paired:
        found = find_pictures(folder)
        refuse_targets(folder, found)
        return selection.among(found, folder)
    partners = dict(find_pairs(folder))
    return [partners[path] for path in selection.among(list(partners), folder)] if partners else []


def noisy_pairs(folder: Path, selection: Selection, channels: int, sigma: float, clip: bool) -> Iterator[Pair]:
    """Pictures and the same with the protocols' Gaussian noise.

    Args:
        folder: of clean pictures.
        selection: which of them.
        channels: 1 or 3, what the protocol compares.
        sigma: in 8-bit grey levels.
        clip: whether the noisy picture is clipped and rounded to 8 bit, which the protocols do not.

    Raises:
        DataError: a picture has another number of channels.
    """
    for path in selection.among(find_pictures(folder), folder):
        target = selection.read(path)
        _check_channels(target, channels, path)
        degraded = protocol_noise(target, sigma)
        if clip:
            degraded = Quantize()(degraded, torch.Generator())
        yield Pair(path.stem, degraded, target)


def real_pairs(folder: Path, selection: Selection) -> Iterator[Pair]:
    """Noisy and clean files side by side, in the layouts of `restore.data.find_pairs`.

    Raises:
        DataError: the folder holds no pairs, or a picture has no partner of its size.
    """
    partners = dict(find_pairs(folder))
    if not partners:
        refuse_targets(folder, find_pictures(folder), sure=False)
        raise DataError(
            f"{folder} holds no pairs. Name files NAME_real.* and NAME_mean.*, or make folders noisy/ and clean/."
        )
    for path in selection.among(list(partners), folder):
        degraded, target = selection.read(path), selection.read(partners[path])
        if degraded.shape != target.shape:
            raise DataError(
                f"{path} and {partners[path]} differ: {_size(degraded)} and {_size(target)}. Pairs must align."
            )
        _check_channels(target, 3, path)
        yield Pair(path.stem.removesuffix("_real"), degraded, target)


def small_pairs(
    folder: Path, selection: Selection, scale: int, preset: Preset, small: Path | None = None, luma: bool = False
) -> Iterator[Pair]:
    """Pictures, cropped at the bottom and right to a multiple of the scale, and the same `scale` times smaller.

    Args:
        folder: of full-size pictures.
        selection: which of them.
        scale: how many times smaller.
        preset: of `imresize`.
        small: a folder of ready small pictures, `NAME.*` or `NAMEx2.*`, which are used in place of `imresize`.
        luma: whether each picture is first turned into its 8-bit luma, as the oldest tables were made.

    Raises:
        DataError: a small picture is missing or does not fit.
    """
    paths = selection.among(find_pictures(folder), folder)
    ready = match_small(find_pictures(small), paths) if small is not None else {}
    for path in paths:
        target = selection.read(path)
        height, width = (side - side % scale for side in target.shape[-2:])
        target = _luma(target[..., :height, :width], luma)
        if small is None:
            yield Pair(path.stem, imresize(target, scale, preset), target)
            continue
        file = ready.get(path)
        if file is None:
            raise DataError(f"{small} holds no small picture for {path.name}: neither {path.stem}.* nor with x{scale}.")
        degraded = to_tensor(to_eight_bits(read_picture(file).pixels))[None]
        if target.shape[1] == 1 and degraded.shape[1] == 3 and bool((degraded == degraded[:, :1]).all()):
            degraded = degraded[:, :1]  # a gray picture that was stored as RGB
        degraded = _luma(degraded, luma)
        if degraded.shape != (1, target.shape[1], height // scale, width // scale):
            raise DataError(f"{file} ({_size(degraded)}) does not fit {path} ({_size(target)}) at scale {scale}.")
        yield Pair(path.stem, degraded, target)


def _luma(picture: Tensor, wanted: bool) -> Tensor:
    if not wanted or picture.shape[1] == 1:
        return picture
    return (luminance(picture.to(torch.float64)) * 255).round().div(255).to(picture.dtype)  # (1, 1, H, W)


def _check_channels(picture: Tensor, channels: int, path: Path) -> None:
    if picture.shape[1] != channels:
        words = {1: "gray", 3: "RGB"}
        raise DataError(
            f"{path} is {words[picture.shape[1]]}, and this protocol is for {words[channels]} pictures. "
            "Choose another protocol or folder: converting would change what the number means."
        )


def _size(picture: Tensor) -> str:
    return "{1} x {0} x {2} channels".format(*picture.shape[-2:], picture.shape[1])


def _read_ids(file: Path) -> set[str]:
    try:
        lines: Iterable[str] = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as a list of names: {error}.") from error
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
