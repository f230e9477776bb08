"""What `data check` found, as a table to read and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.data.manifest import Recognition, recognize_entries

if TYPE_CHECKING:
    from restore.commands.data_check import Folder
    from restore.data.copies import Copy

_WORDS = {
    "across": "Training and test share",
    "within": "Alike within the training pictures:",
    "within_test": "Alike within the test pictures:",
}


def tell(train: Sequence[Folder], test: Sequence[Folder], copies: dict[str, list[Copy]], most: int) -> str:
    """The table, the broken files, the copies, and a last line that says whether all is well.

    Args:
        train: the folders that were named first.
        test: those of --test.
        copies: lists of pairs, "across", "within" and "within_test".
        most: how many of a list are told.
    """
    lines = [_row("folder", "files", "broken", "kinds", "sizes", "JPEG quality")]
    for folder in [*train, *test]:
        lines.append(_table_row(folder))
        found = _known(folder)
        if found is not None:
            lines.append(f"    this is {found}")
        lines += _once_jpeg(folder)
    broken = [one for folder in [*train, *test] for one in folder.broken]
    lines += [f"broken: {one.reason}" for one in broken[:most]] + _rest(len(broken) - most)
    for kind, found_copies in copies.items():
        if found_copies:
            count = f"{len(found_copies)} pair{'s' if len(found_copies) > 1 else ''}"
            lines.append(f"{_WORDS[kind]} {count}")
            told = [f"    {one.first} and {one.second}: {one.how}" for one in found_copies]
            lines += told[:most] if len(told) <= most or kind == "across" else _by_folder(found_copies)
            lines += _rest(len(found_copies) - most) if kind == "across" else []
    return "\n".join([*lines, _verdict(len(broken), copies, bool(test))])


def report(train: Sequence[Folder], test: Sequence[Folder], copies: dict[str, list[Copy]]) -> dict[str, Any]:
    """The same, whole, as JSON holds it."""
    pairs = {
        kind: [{"first": str(one.first), "second": str(one.second), "how": one.how} for one in found]
        for kind, found in copies.items()
    }
    return {"train": [_content(one) for one in train], "test": [_content(one) for one in test], "copies": pairs}


def _content(folder: Folder) -> dict[str, Any]:
    found = _known(folder)
    pictures = [
        {
            "name": one.path.name,
            "width": one.entry.width,
            "height": one.entry.height,
            "kind": one.kind,
            "format": one.format,
            "jpeg_quality": one.jpeg_quality,
            "jpeg_grid": None if one.jpeg_grid is None else one.jpeg_grid._asdict(),
            "former_quality": one.former_quality,
            "sha256": one.entry.sha256,
        }
        for one in folder.pictures
    ]
    broken = [{"name": one.path.name, "reason": one.reason} for one in folder.broken]
    known = None if found is None else {"name": found.name, "whole": found.whole, "told": str(found)}
    return {"folder": str(folder.path), "set": known, "pictures": pictures, "broken": broken}


def _known(folder: Folder) -> Recognition | None:
    return recognize_entries({one.path: one.entry for one in folder.pictures})


def _table_row(folder: Folder) -> str:
    entries = sorted(
        (one.entry for one in folder.pictures), key=lambda entry: (entry.width * entry.height, entry.width)
    )
    sizes = [f"{entry.width}x{entry.height}" for entry in (entries[:1] + entries[-1:])]
    kinds = Counter(one.kind for one in folder.pictures)
    kind = ", ".join(name if len(kinds) == 1 else f"{count} {name}" for name, count in kinds.most_common())
    qualities = sorted(one.jpeg_quality for one in folder.pictures if one.jpeg_quality is not None)
    quality = f"{qualities[0]}..{qualities[-1]}" if qualities else ""
    if qualities and len(qualities) < len(folder.pictures):
        quality += f" of {len(qualities)}"
    size = "..".join(dict.fromkeys(sizes))
    return _row(_short(folder.path), str(len(folder.pictures)), str(len(folder.broken)), kind, size, quality)


def _once_jpeg(folder: Folder, most: int = 4) -> list[str]:
    """The lossless files that a JPEG's grid is seen in: compressed once, and not by what their names say."""
    found = [one for one in folder.pictures if one.jpeg_grid is not None]
    if not found:
        return []
    names = ", ".join(one.path.name for one in found[:most]) + (" ..." if len(found) > most else "")
    many = "has" if len(found) == 1 else "have"
    known = sorted(one.former_quality for one in found if one.former_quality is not None)
    quality = f", at quality {'..'.join(dict.fromkeys(map(str, (known[0], known[-1]))))}" if known else ""
    return [f"    {len(found)} of {len(folder.pictures)} {many} been JPEG (its 8 x 8 grid is seen){quality}: {names}"]


def _row(folder: str, files: str, broken: str, kinds: str, sizes: str, quality: str) -> str:
    return f"{folder:<36}{files:>7}{broken:>8}  {kinds:<28}{sizes:<22}{quality}".rstrip()


def _short(path: Path, longest: int = 34) -> str:
    text = str(path)
    return text if len(text) <= longest else "..." + text[-(longest - 3) :]


def _by_folder(copies: Sequence[Copy]) -> list[str]:
    """How many pairs any two folders have, and one of them."""
    groups: dict[tuple[Path, Path], list[Copy]] = {}
    for one in copies:
        groups.setdefault((one.first.parent, one.second.parent), []).append(one)
    return [
        f"    {len(found):>4} in {_short(first)} and {_short(second)}: {found[0].first.name}, {found[0].second.name}"
        for (first, second), found in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _rest(count: int) -> list[str]:
    return [f"    ... and {count} more (--json holds all)"] if count > 0 else []


def _verdict(broken: int, copies: dict[str, list[Copy]], two_sides: bool) -> str:
    problems = []
    if broken:
        problems.append(f"{broken} broken file{'s' if broken > 1 else ''}")
    if copies["across"]:
        seen = len({one.second for one in copies["across"]})
        problems.append(f"{seen} test picture{'s' if seen > 1 else ''} that training has seen")
    if problems:
        return f"Not in order: {' and '.join(problems)}."
    return "In order: every file can be read" + (", and training has seen no test picture." if two_sides else ".")
