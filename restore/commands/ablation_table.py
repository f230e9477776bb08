"""The table of an ablation: one row an attention, sorted by PSNR, as Markdown and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from restore.commands.attention_names import NO_ATTENTION, Choice
from restore.commands.results import write_json
from restore.images import replacing


@dataclass
class Row:
    """What is known of one attention."""

    choice: Choice
    psnr: dict[int, float] = field(default_factory=dict)
    """dB by seed."""
    ssim: dict[int, float] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    """Why, by seed."""
    parameters: int | None = None
    multiply_adds: int | None = None
    """None where they cannot be counted."""
    milliseconds: float | None = None
    """Median of a forward pass."""

    def gains(self, control: Row) -> list[float]:
        """How many dB above the control, seed by seed."""
        return [self.psnr[seed] - control.psnr[seed] for seed in self.psnr if seed in control.psnr]


@dataclass
class AblationTable:
    """Rows and where they come from."""

    title: str
    origin: dict[str, Any]
    """Everything that the numbers depend on, by the names that a reader sees."""
    rows: list[Row]
    size: int
    """Side of the picture that multiply-adds and times are of."""

    def sorted(self) -> list[Row]:
        """The best first; rows without a number last."""
        return sorted(self.rows, key=lambda row: -mean(row.psnr.values()) if row.psnr else float("inf"))

    def markdown(self) -> str:
        """The table with its origin below."""
        side = f"{self.size}x{self.size}"
        control = self._control()
        heads = ["attention", "parameters", f"MACs, {side}", f"ms, {side}", "PSNR dB, mean ± std"]
        heads += ["above NoAttention, dB"] if control else []
        lines = [f"# {self.title}", "", _line(heads), _line(["---"] + ["---:"] * (len(heads) - 1))]
        for row in self.sorted():
            cells = [
                f"`{row.choice.label}`",
                "–" if row.parameters is None else f"{row.parameters:,}",
                "–" if row.multiply_adds is None else f"{row.multiply_adds / 1e9:.3f} G",
                "–" if row.milliseconds is None else f"{row.milliseconds:.1f}",
                _spread(list(row.psnr.values())) + (f", {len(row.failed)} failed" if row.failed and row.psnr else ""),
            ]
            if not row.psnr:
                cells[-1] = "failed"
            if control:
                cells.append("" if row is control else _spread(row.gains(control), sign="+"))
            lines.append(_line(cells))
        for row in self.rows:
            for seed, reason in row.failed.items():
                lines += ["", f"`{row.choice.label}`, seed {seed}, failed: {reason}"]
        lines += ["", *(f"- {name}: {_told(value)}" for name, value in self.origin.items())]
        return "\n".join(lines) + "\n"

    def content(self) -> dict[str, Any]:
        """Every number, for JSON."""
        control = self._control()
        rows = []
        for row in self.sorted():
            values, gains = list(row.psnr.values()), row.gains(control) if control and row is not control else []
            rows.append(
                {
                    "attention": row.choice.label,
                    **row.choice.spec,
                    **({"branch": row.choice.branch} if row.choice.branch else {}),
                    "parameters": row.parameters,
                    "multiply_adds": row.multiply_adds,
                    "milliseconds": row.milliseconds,
                    "psnr_mean": mean(values) if values else None,
                    "psnr_std": stdev(values) if len(values) > 1 else None,
                    "psnr": {str(seed): value for seed, value in row.psnr.items()},
                    "ssim": {str(seed): value for seed, value in row.ssim.items()},
                    "gain_mean": mean(gains) if gains else None,
                    "gain_std": stdev(gains) if len(gains) > 1 else None,
                    "failed": {str(seed): reason for seed, reason in row.failed.items()},
                }
            )
        return {"title": self.title, "picture_side": self.size, "origin": self.origin, "rows": rows}

    def write(self, folder: Path) -> None:
        """Write table.md and table.json."""
        with replacing(folder / "table.md") as temporary:
            temporary.write_text(self.markdown(), encoding="utf-8")
        write_json(folder / "table.json", self.content())

    def _control(self) -> Row | None:
        plain = (
            row for row in self.rows if row.choice.spec == NO_ATTENTION.spec and row.choice.branch in ("", "plain")
        )
        return next((row for row in plain if row.psnr), None)


def _spread(values: Sequence[float], sign: str = "") -> str:
    """Mean and sample standard deviation; one value has no spread."""
    if not values:
        return "–"
    text = f"{mean(values):{sign}.3f}"
    return f"{text} ± {stdev(values):.3f}" if len(values) > 1 else text


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
