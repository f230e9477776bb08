"""What `evaluate` found: a table to read and a JSON file to keep."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from restore.images import replacing

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


@dataclass
class ScoreTable:
    """Scores of the pictures of a set, with everything that the numbers depend on."""

    settings: dict[str, Any]
    """Protocol, model, data, sigma, scale and so on: they are written beside the numbers."""
    pictures: list[PictureScore] = field(default_factory=list)

    @property
    def mean(self) -> dict[str, float]:
        """Means over the pictures, not over their pixels."""
        columns = ["psnr", "ssim"] + ["input_psnr"] * (self.pictures[0].input_psnr is not None)
        return {
            column: sum(getattr(picture, column) for picture in self.pictures) / len(self.pictures)
            for column in columns
        }

    def heading(self) -> str:
        """What is measured in one line, and the names of the columns in the next."""
        told = " | ".join(f"{key} {value}" for key, value in self.settings.items() if value not in (None, False))
        return f"{told}\n{'picture':<28}{'PSNR dB':>10}{'SSIM':>9}{'input dB':>10}"

    @staticmethod
    def line(name: str, psnr: float, ssim: float, input_psnr: float | None = None) -> str:
        """One row."""
        noisy = "" if input_psnr is None else f"{input_psnr:>10.4f}"
        return f"{name:<28}{psnr:>10.4f}{ssim:>9.4f}{noisy}"

    def footer(self) -> str:
        """The row of means, with the protocol's name."""
        count = len(self.pictures)
        name = f"mean of {count} ({self.settings['protocol']})"
        return self.line(name, **self.mean)

    def write(self, file: Path) -> None:
        """Write everything as JSON, under a temporary name until it is whole; an infinite PSNR is null there."""
        content = {
            **self.settings,
            "mean": _finite(self.mean),
            "pictures": [_finite(asdict(picture)) for picture in self.pictures],
            "versions": {
                "restore": _restore_version(),
                "python": platform.python_version(),
                **{package: version(package) for package in _PACKAGES},
            },
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in numbers.items()
    }


def _restore_version() -> str:
    import restore

    return restore.__version__
