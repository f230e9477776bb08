"""data check: what lies in folders of pictures, and whether training has seen the test."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.commands.arguments import Parser
from restore.errors import DataError

if TYPE_CHECKING:
    from restore.data.copies import Copy
    from restore.data.survey import Broken, Surveyed

_ROWS = 40  # a tree of more folders than this is told in one row
_PAIRS = 8  # copies that are printed; --json holds all


@dataclass
class Folder:
    """A folder, and what was found in it."""

    path: Path
    pictures: list[Surveyed] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)


def main(argv: list[str]) -> int:
    """Run `restore data check`; 1 where a file is broken or training has seen the test, else 0."""
    options = _parser().parse_args(argv)
    from restore.commands.data_report import report, tell
    from restore.commands.results import write_json

    train = _surveyed(options.folder, options)
    test = _surveyed(options.test, options)
    copies = _copies(train, test, options.corners)
    print(tell(train, test, copies, _PAIRS))
    if options.json is not None:
        write_json(options.json, report(train, test, copies))
    if options.manifest is not None:
        _write_manifest(options.manifest, train)
    broken = any(folder.broken for folder in [*train, *test])
    return 1 if broken or copies["across"] else 0


def _surveyed(roots: list[Path], options: argparse.Namespace) -> list[Folder]:
    """Read all pictures of some folders, with a bar."""
    from tqdm import tqdm

    from restore.data.survey import Surveyed, survey

    folders = [folder for root in roots for folder in _folders(root)]
    paths = [(folder, path) for folder, found in folders for path in found]
    bar = tqdm(
        survey([path for _, path in paths], options.corners), "read", len(paths), disable=not sys.stderr.isatty()
    )
    for (folder, _), found in zip(paths, bar, strict=True):
        if isinstance(found, Surveyed):
            folder.pictures.append(found)
        else:
            folder.broken.append(found)
    return [folder for folder, _ in folders]


def _folders(root: Path) -> list[tuple[Folder, list[Path]]]:
    """The folders below a root that hold pictures, or the root alone where they are many."""
    from restore.images import find_pictures

    paths = find_pictures(root)
    if not paths:
        raise DataError(f"{root} holds no picture (png, jpg, tif, webp, bmp, gif). Name a folder that does.")
    places = sorted({path.parent for path in paths})
    if len(places) > _ROWS:
        return [(Folder(root), paths)]
    return [(Folder(place), [path for path in paths if path.parent == place]) for place in places]


def _copies(train: list[Folder], test: list[Folder], corners: bool) -> dict[str, list[Copy]]:
    from dataclasses import replace

    from restore.data.copies import find_copies

    sides = [[one for folder in side for one in _alone(folder)] for side in (train, test)]
    whole = [[replace(one, corners=None) for one in side] for side in sides]  # parts are looked for across alone
    across = find_copies(sides[0], sides[1]) if sides[1] else []
    within = sides[0] if corners and not sides[1] else whole[0]
    return {"across": across, "within": find_copies(within), "within_test": find_copies(whole[1])}


def _alone(folder: Folder) -> list[Surveyed]:
    """The pictures of a folder; of pairs only the clean ones, as their noisy partners are alike by design."""
    from restore.data import find_pairs

    try:
        noisy = {pair[0] for pair in find_pairs(folder.path)}
    except DataError:
        noisy = set()
    return [one for one in folder.pictures if one.path not in noisy]


def _write_manifest(file: Path, folders: list[Folder]) -> None:
    from restore.commands.results import writing
    from restore.data.manifest import write_manifest

    entries: list[Any] = [one.entry for folder in folders for one in folder.pictures]
    with writing(file):
        write_manifest(file, entries)


def _parser() -> Parser:
    parser = Parser(
        prog="restore data check",
        description="Read every picture of some folders and tell how many there are, their sizes and kinds, which are "
        "broken, how strongly JPEGs were compressed, which lossless files have been JPEGs, which look the same, and "
        "whether a folder is a published test set. With --test: which pictures training and test share. The status is "
        "1 where a file is broken or a picture is shared, else 0; copies within one side alone leave it 0.",
    )
    parser.add_argument("folder", nargs="+", type=Path, metavar="DIR", help="folders of (training) pictures")
    parser.add_argument("--test", nargs="+", type=Path, default=[], metavar="DIR", help="folders of test pictures")
    parser.add_argument(
        "--corners",
        action="store_true",
        help="look also for parts of pictures, cut out, shrunk, turned or mirrored: about ten times slower",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found")
    parser.add_argument(
        "--manifest", type=Path, metavar="FILE", help="write name, size and hash of every DIR's picture"
    )
    return parser
