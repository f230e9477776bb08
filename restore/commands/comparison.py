"""Two models on the same pictures: their scores side by side, and whether the difference is more than chance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from restore.commands.results import write_json
from restore.commands.scores import ScoreTable, cell, finite, how, interval, told, versions
from restore.metrics import Interval

_UNITS = {"psnr": " dB", "ssim": " SSIM"}  # the others are perceptual measures, of which less is better


@dataclass
class Comparison:
    """The scores of two models, picture by picture.

    Args:
        first: A; its pictures are those of `second`, in the same order.
        second: B; a positive difference says that B is better.
    """

    first: ScoreTable
    second: ScoreTable

    @property
    def columns(self) -> tuple[str, ...]:
        """What is compared."""
        return ("psnr", "ssim", *self.first.settings.get("also", {}))

    @property
    def shared(self) -> dict[str, object]:
        """The settings that both have alike."""
        return {key: value for key, value in self.first.settings.items() if self.second.settings.get(key) == value}

    def differences(self, column: str) -> list[float]:
        """B minus A of each picture; nan where both are infinite."""
        pairs = zip(self.first.pictures, self.second.pictures, strict=True)
        return [b.columns[column] - a.columns[column] for a, b in pairs]

    def interval(self, column: str) -> Interval | None:
        """The paired interval of the mean difference."""
        return interval(self.differences(column))

    def heading(self) -> str:
        """What is measured, what A and B are, and the names of the columns."""
        names = "".join(
            f"\n{letter}: {told({k: v for k, v in table.settings.items() if k not in self.shared})}"
            for letter, table in (("A", self.first), ("B", self.second))
        )
        columns = "".join(f"{f'{letter} dB':>10}" for letter in "AB") + f"{'B - A':>10}"
        for name in self.columns[1:]:
            columns += "".join(f"{f'{letter} {name.upper()}':>9}" for letter in "AB") + f"{'B - A':>9}"
        return f"{told(self.shared)}{names}\n{'picture':<28}{columns}"

    def last(self) -> str:
        """The row of the picture that was added last."""
        a, b = self.first.pictures[-1], self.second.pictures[-1]
        return self._row(a.name, a.columns, b.columns)

    def footer(self) -> str:
        """The means, the paired intervals of the difference, and what they say."""
        name = f"mean of {len(self.first.pictures)} ({self.first.settings['protocol']})"
        rows = [self._row(name, self.first.mean, self.second.mean)]
        found = {column: self.interval(column) for column in self.columns}
        for column, one in found.items():
            if one is not None:
                rows.append(
                    f"{one.confidence:.0%} interval of B - A: {one.low:+.4f} to {one.high:+.4f}"
                    f"{_UNITS.get(column, f' {column.upper()}')}: {_verdict(one, column in _UNITS)}"
                )
        known = [one for one in found.values() if one]
        return "\n".join([*rows, "paired " + how(known[0])] if known else rows)

    def write(self, file: Path) -> None:
        """Write everything as JSON, under a temporary name until it is whole."""
        tables = {"A": self.first, "B": self.second}
        models = {
            letter: {key: value for key, value in table.settings.items() if key not in self.shared} | table.content()
            for letter, table in tables.items()
        }
        difference = {}
        for column in self.columns:
            values, one = self.differences(column), self.interval(column)
            mean = finite({"mean": math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan})
            difference[column] = mean | {"interval": asdict(one) if one else None}
        write_json(file, {**self.shared, "models": models, "difference": difference, "versions": versions()})

    def _row(self, name: str, a: dict[str, float], b: dict[str, float]) -> str:
        row = f"{name:<28}"
        for column in self.columns:
            width = 10 if column == "psnr" else 9
            row += cell(a[column], width) + cell(b[column], width) + cell(b[column] - a[column], width, "+")
        return row


def _verdict(found: Interval, more_is_better: bool) -> str:
    if found.low <= 0 <= found.high:
        return "these pictures do not tell A from B"
    return "B is better" if (found.low > 0) == more_is_better else "A is better"
