"""docs/attention.md: the table of `restore attention` with formulas and YAML lines."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path

from restore.commands.attention_rows import Entry, Row
from restore.images import replacing

_FAMILIES = {
    "control": "The control",
    "recalibration": "Recalibration: a gate multiplies what is there",
    "representation": "Representation: an affinity gathers from elsewhere",
    "sampling": "Sampling and scales: where to look is computed",
}
_COLUMNS = ("params", "MACs, M", "forward, ms", "with backward, ms", "forward, MiB", "with backward, MiB", "tiles")


def write_page(file: Path, rows: Sequence[Row], origin: str) -> None:
    """Write the page, under a temporary name until it is whole.

    Args:
        file: where to.
        rows: of the table, in its order.
        origin: size, machine, date and commit of the numbers, one line.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary:
        temporary.write_text(page(rows, origin), "utf-8")


def page(rows: Sequence[Row], origin: str) -> str:
    """The page as Markdown."""
    text = [_HEAD, f"{origin}\n", _table(rows)]
    for family, title in _FAMILIES.items():
        members = [row.entry for row in rows if row.entry.family == family]
        if members:
            text += [f"## {title}\n", *map(_section, members)]
    return "\n".join(text)


_HEAD = """# Attention modules

Written by `python cli.py attention --markdown`; edit the docstrings, not this page.

A *slot* keeps (N, C, H, W) at any size and fits every attention slot here (residual block, residual group,
wavelet block, the networks) by the line of YAML that stands with it. A *part* changes the shape or takes more
than one input. Families are the field's: a recalibration multiplies what is there by a gate, a representation
gathers from elsewhere by an affinity. Every module with published code was compared with it in float64 and
float32 (`tests/parity`).

*MACs* are multiply-adds of convolutions and matrix products. *With backward* is forward and backward together,
gradients of the input and of all parameters. *MiB* are the most bytes alive at once beyond input and weights,
workspace included. *Tiles*: whether a tile on a grid of 8 pixels with the module's own context around it comes
out differently from the whole picture, weights drawn at random.
"""


def _table(rows: Sequence[Row]) -> str:
    lines = ["| module | family | paper | " + " | ".join(_COLUMNS) + " |", "|---|---|---|" + "---:|" * 6 + "---|"]
    for row in rows:
        entry = row.entry
        kind = entry.family if entry.is_slot else f"{entry.family}, part"
        name = f"[{entry.name}](#{entry.name.lower()})"
        lines.append("| " + " | ".join([name, kind, entry.citation or "-", *row.cells()]) + " |")
    return "\n".join(lines) + "\n"


def _section(entry: Entry) -> str:
    papers = "".join(f"\nPaper: {_linked(paper)}\n" for paper in entry.papers)
    return f"### {entry.name}\n\n{entry.summary}\n\n```text\n{entry.formula}\n```\n{papers}\n{_use(entry)}\n"


def _linked(paper: str) -> str:
    return re.sub(r"(https?://\S+?)([.,;]?)(?=\s|$)", r"<\1>\2", paper)


def _use(entry: Entry) -> str:
    options = [
        f"{parameter.name}: {_yaml(parameter.default)}"
        for parameter in list(inspect.signature(entry.cls).parameters.values())[1:]
        if isinstance(parameter.default, bool | int | float | str)
    ]
    path = f"restore.attention.{entry.name}"
    if not entry.is_slot:
        return f"`from restore.attention import {entry.name}`"
    arguments = f", init_args: {{{', '.join(options)}}}" if options else ""
    return f"```yaml\nattention: {{class_path: {path}{arguments}}}\n```"


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
