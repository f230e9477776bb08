"""One row a module of `restore.attention`: what it is, what it costs, whether tiles change its result."""

from __future__ import annotations

import copy
import inspect
import re
import sys
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

import restore.attention
from restore.attention import Attention, NoAttention
from restore.commands.attention_parts import PARTS, Example, Running
from restore.commands.attention_tiles import WHOLE, tiles_change
from restore.inference.cost import Cost, cost, multiply_adds

Family = Literal["control", "recalibration", "representation", "sampling"]

_LONG = 5.0
"""Seconds after which a slow module is not timed once more."""


@dataclass(frozen=True)
class Entry:
    """A module and what its docstrings say."""

    name: str
    cls: type[nn.Module]
    family: Family
    summary: str
    formula: str
    papers: list[str]
    """As the module's docstring has them: authors, title, venue and year, section, address."""

    @property
    def is_slot(self) -> bool:
        """Whether it fits every attention slot."""
        return issubclass(self.cls, Attention)

    @property
    def citation(self) -> str:
        """Authors, venue and year of the first paper."""
        if not self.papers:
            return ""
        match = re.match(r'(.+?),\s+"(.+?)",?\s+([^,]*?\b(?:19|20)\d\d)', self.papers[0])
        return f"{match[1]}, {match[3]}" if match else self.papers[0]


@dataclass(frozen=True)
class Row:
    """What was measured of an entry."""

    entry: Entry
    parameters: int = 0
    multiply_adds: int = 0
    cost: Cost | None = None
    tiles_change_it: bool | None = None
    """None for what takes no map."""
    left_out: str = ""
    """Why it was counted and not run, on purpose."""
    failure: str = ""

    def cells(self) -> list[str]:
        """Parameters, MACs in millions, milliseconds and MiB forward and with backward, tiles."""
        counted = [f"{self.parameters:,}", f"{self.multiply_adds / 1e6:.1f}"]
        if self.cost is None:
            return [*(counted if self.left_out else ["-"] * 2), *["-"] * 4, self.left_out or self.failure]
        tiles = {True: "yes", False: "no", None: "no map"}[self.tiles_change_it]
        times = [f"{1000 * value:.1f}" for value in (self.cost.forward_seconds, self.cost.both_seconds)]
        memory = [f"{value / 2**20:.1f}" for value in (self.cost.forward_bytes, self.cost.both_bytes)]
        return [*counted, *times, *memory, tiles]

    def line(self) -> str:
        """The row of the terminal's table."""
        *numbers, last = self.cells()
        row = f"{self.entry.name:<30}{self.entry.family:<16}{_shortened(self.entry.citation):<34}"
        return row + "".join(f" {cell:>8}" for cell in numbers) + f"  {last}"


def entries() -> list[Entry]:
    """Every concrete module that `restore.attention` exports: the control first, then by family and name."""
    exported = [getattr(restore.attention, name) for name in restore.attention.__all__]
    modules = [cls for cls in exported if inspect.isclass(cls) and issubclass(cls, nn.Module)]
    order = ("control", "recalibration", "representation", "sampling")
    known = [_entry(cls) for cls in modules if not inspect.isabstract(cls)]
    return sorted(known, key=lambda entry: (order.index(entry.family), not entry.is_slot, entry.name))


def measure(entry: Entry, channels: int, size: int, device: str = "cpu", rounds: int = 5) -> Row:
    """Build the module by its defaults for (1, channels, size, size) and measure it; a failure is part of the row."""
    example = PARTS.get(entry.name, Example())
    try:
        torch.manual_seed(0)
        module = example.build(entry.cls, channels, size).to(device).eval()
        inputs = tuple(x.to(device) for x in example.inputs(channels, size))
        parameters = sum(parameter.numel() for parameter in module.parameters())
        running = Running(module, example.run)
        macs = multiply_adds(running, *inputs)
        if example.largest is not None and size > example.largest:
            return Row(entry, parameters, macs, left_out=f"left out above {example.largest}x{example.largest}")
        price = cost(running, *inputs, rounds=rounds, at_most=_LONG)
        judged = copy.deepcopy(module)
        if not entry.is_slot:  # some parts are built for one size
            judged = example.build(entry.cls, channels, WHOLE).to(device).eval()
        tiles = tiles_change(judged, channels, example)
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        return Row(entry, failure=f"failed: {str(error).splitlines()[0][:60]}")
    return Row(entry, parameters, macs, price, tiles)


def _shortened(citation: str, width: int = 33) -> str:
    """To `width` letters by cutting authors; venue and year stay."""
    authors, comma, venue = citation.rpartition(", ")
    room = width - len(comma + venue)
    return citation if len(citation) <= width else authors[: room - 1].rstrip(" ,") + "…" + comma + venue


def _entry(cls: type[nn.Module]) -> Entry:
    text = inspect.getdoc(cls) or ""
    formula = re.search(r"^Formula:\n((?:    .*\n?|\n)+)", text, re.MULTILINE)
    source = inspect.getdoc(sys.modules[cls.__module__]) or ""
    parts = cls.__module__.split(".")
    family = "control" if cls is NoAttention else parts[2]
    return Entry(
        cls.__name__,
        cls,
        family,  # type: ignore[arg-type]
        text.split("\n\n")[0].replace("\n", " "),
        inspect.cleandoc(formula[1]) if formula else "",
        [] if cls is NoAttention else _papers(source),
    )


def _papers(source: str) -> list[str]:
    match = re.search(r"^Papers?:\s+((?:.+\n?)+)", source, re.MULTILINE)
    text = " ".join(match[1].split()) if match else ""
    return [paper.strip() for paper in re.split(r";\s+", text) if paper.strip()]
