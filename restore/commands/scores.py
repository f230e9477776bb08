"""What `evaluate` found: a table to read and a JSON file to keep."""

from __future__ import annotations

import math
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from restore.commands.results import write_json
from restore.metrics import Interval, bootstrap_interval

_PACKAGES = ("torch", "numpy", "torchmetrics", "pillow", "opencv-python-headless")


@dataclass(frozen=True)
class PictureScore:
    """The numbers of one picture."""

    name: str
    psnr: float
    """dB; inf where the restored picture equals its target."""
    ssim: float
    input_psnr: float | None = None
    """dB of the noisy picture itself; None for super-resolution, where it has another size."""
    also: dict[str, float] = field(default_factory=dict)
    """Perceptual measures by name."""

    @property
    def columns(self) -> dict[str, float]:
        """Every number by its name, in the order of the table."""
        noisy = {} if self.input_psnr is None else {"input_psnr": self.input_psnr}
        return {"psnr": self.psnr, "ssim": self.ssim, **noisy, **self.also}


@dataclass
class ScoreTable:
    """Scores of the pictures of a set, with everything that the numbers depend on."""

    settings: dict[str, Any]
    """Protocol, model, data, sigma, scale and so on: they are written beside the numbers."""
    pictures: list[PictureScore] = field(default_factory=list)

    @property
    def mean(self) -> dict[str, float]:
        """Means over the pictures, not over their pixels."""
        every = [picture.columns for picture in self.pictures]
        return {column: sum(one[column] for one in every) / len(every) for column in every[0]}

    @property
    def intervals(self) -> dict[str, Interval | None]:
        """Where the means lie with 95 % confidence, by a bootstrap over the pictures; None where it says nothing."""
        return {column: interval([one.columns[column] for one in self.pictures]) for column in self.mean}

    def heading(self) -> str:
        """What is measured in one line, and the names of the columns in the next."""
        noisy = "" if self.settings["protocol"].startswith("sr-") else f"{'input dB':>10}"
        also = "".join(f"{name.upper():>9}" for name in self.settings.get("also", {}))
        return f"{told(self.settings)}\n{'picture':<28}{'PSNR dB':>10}{'SSIM':>9}{noisy}{also}"

    @staticmethod
    def line(name: str, columns: dict[str, float]) -> str:
        """One row."""
        return f"{name:<28}" + "".join(
            cell(value, 10 if column.endswith("psnr") else 9) for column, value in columns.items()
        )

    def last(self) -> str:
        """The row of the picture that was added last."""
        return self.line(self.pictures[-1].name, self.pictures[-1].columns)

    def footer(self) -> str:
        """The row of means, with the protocol's name, and the rows of their intervals' ends."""
        rows = [self.line(f"mean of {len(self.pictures)} ({self.settings['protocol']})", self.mean)]
        found = self.intervals
        known = found["psnr"] or found["ssim"]
        if known is None:
            return rows[0]
        for end in ("low", "high"):
            ends = {column: getattr(one, end) if one else math.nan for column, one in found.items()}
            rows.append(self.line(f"{known.confidence:.0%} interval, {end}", ends))
        equal = sum(math.isinf(one.psnr) for one in self.pictures)
        reason = [f"- no interval: {equal} of {len(self.pictures)} pictures equal their targets, at infinite dB"]
        return "\n".join([*rows, *reason[: equal > 0], how(known)])

    def content(self) -> dict[str, Any]:
        """The numbers as JSON holds them; an infinite PSNR is null there."""
        return {
            "mean": finite(self.mean),
            "interval": {column: asdict(one) if one else None for column, one in self.intervals.items()},
            "pictures": [
                finite({"name": one.name, "psnr": one.psnr, "ssim": one.ssim, "input_psnr": one.input_psnr} | one.also)
                for one in self.pictures
            ],
        }

    def write(self, file: Path) -> None:
        """Write everything as JSON, under a temporary name until it is whole."""
        write_json(file, {**self.settings, **self.content(), "versions": versions()})


def cell(value: float, width: int, sign: str = "") -> str:
    """A number of a table; a dash for what is none (infinite less infinite, the interval of an infinite mean)."""
    return f"{'-':>{width}}" if math.isnan(value) else f"{value:>{sign}{width}.4f}"


def told(settings: dict[str, Any]) -> str:
    """The settings that are not left out, in one line."""
    words = {key: value for key, value in settings.items() if value is not None and value is not False}
    for key, value in words.items():
        if isinstance(value, dict):
            words[key] = ", ".join(f"{name} ({by})" for name, by in value.items())
    return " | ".join(f"{key} {value}" for key, value in words.items())


def interval(values: list[float]) -> Interval | None:
    """The bootstrap interval of a mean over pictures."""
    return bootstrap_interval(torch.tensor(values, dtype=torch.float64))


def how(found: Interval) -> str:
    """How an interval was found, in a line."""
    return f"({found.method}, {found.resamples} resamples, seed {found.seed})"


def finite(numbers: dict[str, Any]) -> dict[str, Any]:
    """The same with None for what is infinite."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in numbers.items()
    }


def versions() -> dict[str, str]:
    """Of restore and of the packages that numbers depend on."""
    import restore

    packages = {package: version(package) for package in _PACKAGES}
    return {"restore": restore.__version__, "python": platform.python_version(), **packages}
