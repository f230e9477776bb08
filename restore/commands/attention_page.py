"""docs/attention.md: the table of `restore attention` with formulas and YAML lines."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from restore.commands.attention_parts import PARTS, Example
from restore.commands.attention_rows import Entry, Row
from restore.images import replacing

_FAMILIES = {
    "control": "The control",
    "recalibration": "Recalibration: a gate multiplies what is there",
    "representation": "Representation: an affinity gathers from elsewhere",
    "sampling": "Sampling and scales: where to look is computed",
}
_CHANNELS, _SIZE = 64, 128
"""Of the lines of YAML of parts."""
NOT_EXPORTABLE = {
    "NonLocalAttention:pairwise=concatenation": "op='aten.sort', overload='stable'",
    "NonLocalSparseAttention": "op='aten.sort', overload='stable'",
}
"""As typed for `restore ablate` -> what torch.onnx (of torch 2.13) has no translation for, as its error names it."""
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
    text = [_HEAD.replace("@@ONNX@@", ", ".join(f"`{name}`" for name in NOT_EXPORTABLE)), f"{origin}\n", _table(rows)]
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
workspace included. *Tiles*: whether a tile on a grid of 8 pixels comes out differently from the whole picture, for
one of three contrasts, weights disturbed at random: of a slot the tile with the module's own context around it, of a
part the middle third of a tile. What is fed with vectors has no map to cut.

ONNX: every slot leaves by `torch.onnx.export(..., dynamo=True)` of torch 2.13 and computes the same there, with every
affinity (`tests/attention/test_onnx.py`), but for these, whose sorting has no translation: @@ONNX@@.
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
    """The line of YAML: of a slot as it stands in a network, which gives `channels`; of a part with what it needs."""
    signature = inspect.signature(entry.cls)
    example = Example() if entry.is_slot else PARTS.get(entry.name, Example())
    bound: inspect.BoundArguments = example.build(signature.bind, _CHANNELS, _SIZE)  # type: ignore[arg-type, assignment]
    bound.apply_defaults()  # of what the example of the table hands to the class
    given = {name: _plain(value) for name, value in bound.arguments.items() if name not in ("args", "kwargs")}
    options = {name: value for name, value in given.items() if not (entry.is_slot and name == "channels")}
    line: dict[str, object] = {"class_path": f"restore.attention.{entry.name}"}
    if options:
        line["init_args"] = options
    text = yaml.safe_dump(line, default_flow_style=True, sort_keys=False, width=10**6).strip()
    return f"```yaml\n{'attention: ' if entry.is_slot else ''}{text}\n```"


def _plain(value: object) -> object:
    """Tuples as lists, which YAML has."""
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value
