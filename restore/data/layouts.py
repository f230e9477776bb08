"""Which files belong together: the layouts that paired sets come in."""

from __future__ import annotations

import re
from pathlib import Path

from restore.data.darmstadt import refuse_targets
from restore.errors import DataError
from restore.images import find_pictures

_NAMES = (("_real$", "_mean"), ("_noisy$", "_clean"), (r"(^|_)NOISY(_SRGB_\d+)?$", r"\1GT\2"))
"""How the name of a degraded picture ends, without its suffix, and its partner's."""

_FOLDERS = (
    ("noisy", "clean"),
    ("input", "target"),
    ("input", "groundtruth"),
    ("input_crops", "target_crops"),
    ("NOISY", "GT"),
    ("lq", "gt"),
)
"""Sub-folders of degraded pictures and of their targets, with the same names in both."""

_SMALL = re.compile(r"(_LRBI)?_?x\d$|_SRF_\d_LR$|_LR$", re.IGNORECASE)
_LARGE = re.compile(r"_HR(_x\d)?$|_SRF_\d_HR$|_GT$", re.IGNORECASE)


def find_pairs(folder: Path, scale: int = 1) -> list[tuple[Path, Path]]:
    """(degraded, target) files of a folder, or [] where it holds no pairs.

    Known layouts, with whatever lies in sub-folders:

    - by name: `*_real` beside `*_mean` (PolyU, CC), `*_noisy` beside `*_clean`, `*NOISY` beside `*GT`,
      `*NOISY_SRGB_010` beside `*GT_SRGB_010` (SIDD, whose folders may be left as they are);
    - by folder: `noisy/` and `clean/`, `input/` and `target/` or `groundtruth/`, `input_crops/` and `target_crops/`
      (SIDD cut into patches), `NOISY/` and `GT/`, `lq/` and `gt/`, with the same names in both;
    - at a scale of 2 or more, official small pictures: `LR_bicubic/X4/` beside `HR/` (the benchmark sets of EDSR),
      `NAME_LR_bicubic/X4/` beside `NAME_HR/` (DIV2K), `*_LR` beside `*_HR` in one folder (SelfExSR's
      `image_SRF_4`).

    The Darmstadt Noise Dataset has no targets to compare with and is refused: `restore.data.find_darmstadt`.

    Args:
        folder: where to look.
        scale: how many times larger the targets are.

    Raises:
        DataError: a picture has no partner, or the folder is the Darmstadt Noise Dataset.
    """
    for noisy, clean in _FOLDERS:
        if (folder / noisy).is_dir() and (folder / clean).is_dir():
            targets = {_inside(path, folder / clean): path for path in find_pictures(folder / clean)}
            found = find_pictures(folder / noisy)
            return [(path, _partner(path, targets.get(_inside(path, folder / noisy)))) for path in found]
    pictures = {path.with_suffix(""): path for path in find_pictures(folder)}
    refuse_targets(folder, pictures)
    for noisy, clean in _NAMES:
        stems = [stem for stem in pictures if re.search(noisy, stem.name)]
        if stems:
            partners = [stem.with_name(re.sub(noisy, clean, stem.name)) for stem in stems]
            return [
                (pictures[stem], _partner(pictures[stem], pictures.get(other)))
                for stem, other in zip(stems, partners, strict=True)
            ]
    return _official(folder, scale) if scale > 1 else []


def match_small(small: list[Path], large: list[Path]) -> dict[Path, Path]:
    """Full-size file -> its small one, by what is left of their names without `x4`, `_LRBI_x4`, `_SRF_4_LR`, `_HR`.

    A name that is the same in both counts before one that is only so without its ending.
    """
    exact = {path.stem: path for path in small}
    bare = {_SMALL.sub("", path.stem): path for path in small}
    found = {path: exact.get(path.stem) or bare.get(path.stem) or bare.get(_LARGE.sub("", path.stem)) for path in large}
    return {path: other for path, other in found.items() if other is not None}


def _official(folder: Path, scale: int) -> list[tuple[Path, Path]]:
    """Small and full-size pictures of a set."""
    for name in (f"LR_bicubic/X{scale}", f"LR_bicubic/x{scale}"):
        if (folder / name).is_dir() and (folder / "HR").is_dir():
            return _matched(find_pictures(folder / name), find_pictures(folder / "HR"))
    for large in sorted(folder.glob("*_HR")):
        small = folder / f"{large.name.removesuffix('_HR')}_LR_bicubic" / f"X{scale}"
        if large.is_dir() and small.is_dir():
            return _matched(find_pictures(small), find_pictures(large))
    pictures = find_pictures(folder)
    ends = [[path for path in pictures if path.stem.endswith(end)] for end in ("_LR", "_HR")]
    return _matched(*ends) if all(ends) else []


def _matched(small: list[Path], large: list[Path]) -> list[tuple[Path, Path]]:
    found = match_small(small, large)
    for path in large:
        _partner(path, found.get(path), "small")
    return [(found[path], path) for path in large]


def _inside(path: Path, folder: Path) -> Path:
    return path.relative_to(folder).with_suffix("")


def _partner(path: Path, other: Path | None, kind: str = "clean") -> Path:
    if other is None:
        raise DataError(f"{path} has no {kind} partner. Remove it, or add the {kind} picture beside it.")
    return other
