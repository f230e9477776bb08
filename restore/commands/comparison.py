"""Two models on the same pictures: their scores side by side, and whether the difference is more than chance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from restore.commands.scores import ScoreTable, finite, how, interval, told, versions, write_json
from restore.metrics import Interval

_COLUMNS = ("psnr", "ssim")
_UNITS = {"psnr": " dB", "ssim": " SSIM"}


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
    def shared(self) -> dict[str, object]:
        """The settings that both have alike."""
        return {key: value for key, value in self.first.settings.items() if self.second.settings.get(key) == value}

    def differences(self, column: str) -> list[float]:
        """B minus A of each picture; nan where both are infinite."""
        pairs = zip(self.first.pictures, self.second.pictures, strict=True)
        return [getattr(b, column) - getattr(a, column) for a, b in pairs]

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
        columns += "".join(f"{f'{letter} SSIM':>9}" for letter in "AB") + f"{'B - A':>9}"
        return f"{told(self.shared)}{names}\n{'picture':<28}{columns}"

    def last(self) -> str:
        """The row of the picture that was added last."""
        a, b = self.first.pictures[-1], self.second.pictures[-1]
        return _row(a.name, (a.psnr, b.psnr), (a.ssim, b.ssim))

    def footer(self) -> str:
        """The means, the paired intervals of the difference, and what they say."""
        a, b = self.first.mean, self.second.mean
        name = f"mean of {len(self.first.pictures)} ({self.first.settings['protocol']})"
        rows = [_row(name, (a["psnr"], b["psnr"]), (a["ssim"], b["ssim"]))]
        found = {column: self.interval(column) for column in _COLUMNS}
        for column, one in found.items():
            if one is not None:
                rows.append(
                    f"{one.confidence:.0%} interval of B - A: {one.low:+.4f} to {one.high:+.4f}{_UNITS[column]}: "
                    + _verdict(one)
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
        for column in _COLUMNS:
            values, one = self.differences(column), self.interval(column)
            mean = finite({"mean": math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan})
            difference[column] = mean | {"interval": asdict(one) if one else None}
        write_json(file, {**self.shared, "models": models, "difference": difference, "versions": versions()})


def _row(name: str, psnr: tuple[float, float], ssim: tuple[float, float]) -> str:
    decibels = f"{psnr[0]:>10.4f}{psnr[1]:>10.4f}{psnr[1] - psnr[0]:>+10.4f}"
    return f"{name:<28}{decibels}{ssim[0]:>9.4f}{ssim[1]:>9.4f}{ssim[1] - ssim[0]:>+9.4f}"


def _verdict(found: Interval) -> str:
    if found.low > 0:
        return "B is better"
    return "A is better" if found.high < 0 else "these pictures do not tell A from B"
