"""Which of a folder's pictures are copies of each other, or of another folder's, in whole or in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restore.data.perceptual_hash import find_alike
from restore.data.survey import Surveyed
from restore.images import find_shared


@dataclass(frozen=True)
class Copy:
    """Two files that show the same."""

    first: Path
    second: Path
    how: str
    """In words: "the same pixels", "alike, mirrored (3 of 64 bits differ)", "share a part (31 corners)"."""


def find_copies(pictures: Sequence[Surveyed], others: Sequence[Surveyed] | None = None) -> list[Copy]:
    """Pairs that look the same, or of which one holds a part of the other where corners were looked for.

    Args:
        pictures: of one folder or more.
        others: of those that must not have them; None looks within `pictures`.
    """
    against = pictures if others is None else others
    found: dict[tuple[int, int], Copy] = {}
    same = {one.entry.sha256: number for number, one in reversed(list(enumerate(against)))}
    for pair in find_alike([one.print for one in pictures], None if others is None else [one.print for one in others]):
        one, other = pictures[pair.first], against[pair.second]
        equal = one.entry.sha256 == other.entry.sha256
        form = f", {pair.form}" if pair.form else ""
        how = "the same pixels" if equal else f"alike{form} ({pair.distance} of 64 bits differ)"
        found[pair.first, pair.second] = Copy(one.path, other.path, how)
    for number, one in enumerate(pictures):  # pictures of one colour have a hash of their own kind
        twin = same.get(one.entry.sha256)
        if twin is not None and (others is not None or twin < number):
            pair_of = (number, twin) if others is not None else (twin, number)
            found.setdefault(pair_of, Copy(pictures[pair_of[0]].path, against[pair_of[1]].path, "the same pixels"))
    for first, second, corners, mirrored in _parts(pictures, against):
        key = (first, second) if others is not None else (min(first, second), max(first, second))
        if others is None and first == second:
            continue
        how = f"share a part{', mirrored' if mirrored else ''} ({corners} corners)"
        found.setdefault(key, Copy(pictures[key[0]].path, against[key[1]].path, how))
    return [found[key] for key in sorted(found)]


def _parts(pictures: Sequence[Surveyed], against: Sequence[Surveyed]) -> list[tuple[int, int, int, bool]]:
    base = [one.corners[0] for one in against if one.corners is not None]
    asked = [one.corners for one in pictures if one.corners is not None]
    if len(base) < len(against) or len(asked) < len(pictures):
        return []
    found = []
    for mirrored in (False, True):
        shared = find_shared([one[mirrored] for one in asked], base)
        found += [(pair.first, pair.second, pair.corners, mirrored) for pair in shared]
    return found
