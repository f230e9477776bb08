"""Training and held-out pictures of one folder: k folds, never with one scene on both sides.

Which fold a scene is in follows from its name and the seed alone, so it stays there when pictures are added, and is
the same on every machine and process.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from restore.errors import ConfigError, DataError

Item = TypeVar("Item", Path, tuple[Path, Path])
"""A picture, or a pair of them."""


@dataclass(frozen=True)
class Split:
    """One of k folds is held out.

    Raises:
        ConfigError: there are fewer than two folds, no such fold, or `scene` is no regular expression.
    """

    folds: int = 5
    """How many folds there are; 5 hold about a fifth of the scenes out."""
    fold: int = 0
    """Which is held out, 0 to `folds` - 1."""
    scene: str | None = None
    """A regular expression that finds the scene in a picture's name without its ending: its first group, or all that it
    matches. `_([a-z]+)_` or so; None takes every picture for a scene of its own, and of a pair the degraded one."""
    seed: int = 0
    """Another seed gives another division."""

    def __post_init__(self) -> None:
        if self.folds < 2 or not 0 <= self.fold < self.folds:
            raise ConfigError(
                f"A split has 2 folds or more, and one of them is held out: got folds={self.folds}, fold={self.fold}. "
                "Folds are counted from 0."
            )
        try:
            re.compile(self.scene or "")
        except re.error as error:
            raise ConfigError(f"The scene {self.scene!r} is no regular expression: {error}.") from error

    def fold_of(self, scene: str) -> int:
        """The fold of a scene."""
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{scene}".encode()).digest()[:8], "big") % self.folds

    def scene_of(self, path: Path) -> str:
        """The scene of a picture.

        Raises:
            DataError: `scene` finds nothing in its name.
        """
        if self.scene is None:
            return path.stem
        found = re.search(self.scene, path.stem)
        if found is None:
            raise DataError(f"The scene {self.scene!r} finds nothing in the name of {path}. Change it, or the name.")
        return found[1] if found.re.groups else found[0]

    def training(self, items: Sequence[Item]) -> list[Item]:
        """The pictures or pairs of the other folds, in their order.

        Raises:
            DataError: there are none, or a name holds no scene.
        """
        return self._kept(items, held_out=False)

    def held_out(self, items: Sequence[Item]) -> list[Item]:
        """The pictures or pairs of the fold that is held out, in their order.

        Raises:
            DataError: there are none, or a name holds no scene.
        """
        return self._kept(items, held_out=True)

    def _kept(self, items: Sequence[Item], held_out: bool) -> list[Item]:
        scenes = [self.scene_of(item[0] if isinstance(item, tuple) else item) for item in items]
        kept = [item for item, name in zip(items, scenes, strict=True) if (self.fold_of(name) == self.fold) == held_out]
        if items and not kept:
            raise DataError(
                f"Fold {self.fold} of {self.folds} leaves no picture {'held out' if held_out else 'to train on'}: "
                f"there are {len(set(scenes))} scenes. Take fewer folds, another fold or another seed."
            )
        return kept
