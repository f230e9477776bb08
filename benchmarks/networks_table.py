"""The rows of benchmarks/networks.py as a table, and the best setting of each network out of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import exp, log
from statistics import mean
from typing import Any

from published_networks import NETWORKS

from restore.inference.fastest import Setting, rule, write_fastest

Row = dict[str, Any]
_MARGIN = 1.05
"""How many times quicker than the rule's setting another one must be to be kept: less is noise."""


def markdown(rows: Iterable[Row]) -> str:
    """One line a network, size and setting; forward and training step beside each other."""
    lines = defaultdict(dict)
    for row in rows:
        setting = " ".join(row[axis] for axis in ("precision", "layout", "mode"))
        setting += " **plain**" if row["attention"] == "plain" else ""
        lines[row["device"], row["size"], row["network"], setting][row["work"]] = row
    order = list(NETWORKS)
    heads = ["network", "picture", "parameters", "GMACs", "setting", "forward", "MiB", "step", "MiB"]
    text = [_line(heads), _line(["---"] * 2 + ["---:"] * 2 + ["---"] + ["---:"] * 4)]
    for (device, size, name, setting), works in sorted(lines.items(), key=lambda item: _place(item[0], order)):
        good = [row for row in works.values() if "error" not in row]
        counts = (f"{good[0]['parameters']:,}", f"{good[0]['multiply_adds'] / 1e9:.2f}") if good else ("–", "–")
        told = setting if device == "cpu" else f"{device} {setting}"
        cells = [cell for work in ("forward", "step") for cell in _cells(works.get(work))]
        text.append(_line([name, f"{size}x{size}", *counts, told, *cells]))
    return "\n".join([*text, "", *_origins(lines)])


def store(rows: Iterable[Row]) -> str:
    """Keep, for each device kind, network class and work, the setting with the least time; says what was kept."""
    times: dict[tuple[str, str, str], dict[Setting, dict[tuple, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if "error" in row or row["mode"] != "eager" or row["attention"] != "ours":
            continue
        setting = Setting(row["precision"], row["layout"] == "nhwc")
        times[row["device_kind"], row["class"], row["work"]][setting][row["network"], row["size"]] = row["seconds"]
    kept, told = [], []
    for (kind, cls, work), settings in sorted(times.items()):
        everywhere = set.intersection(*(set(found) for found in settings.values()))
        if len(settings) < 2 or not everywhere:
            continue
        means = {one: exp(mean(log(found[place]) for place in everywhere)) for one, found in settings.items()}
        best, usual = min(means, key=means.__getitem__), rule(kind)
        if usual in means and means[usual] < _MARGIN * means[best]:
            best = usual
        kept.append((kind, cls, work, best))
        others = ", ".join(f"{_named(one)} {value:.4f} s" for one, value in sorted(means.items(), key=lambda i: i[1]))
        told.append(f"{kind}, {cls}, {work}: {_named(best)} ({others})")
    file = write_fastest(kept)
    return "\n".join([*told, f"{len(kept)} written to {file}"])


def _named(setting: Setting) -> str:
    return f"{setting.precision} {'nhwc' if setting.channels_last else 'nchw'}"


def _cells(row: Row | None) -> list[str]:
    if row is None:
        return ["", ""]
    if "error" in row:
        return ["failed", ""]
    return [f"{row['seconds']:.4f} s", f"{row['bytes'] / 2**20:,.1f}"]


def _place(found: tuple[str, int, str, str], order: list[str]) -> tuple:
    device, size, name, setting = found
    return device, size, order.index(name), setting


def _origins(lines: dict[Any, dict[str, Row]]) -> list[str]:
    """Where the rows come from, each origin once, and what failed."""
    rows = [row for works in lines.values() for row in works.values()]
    names = ("date", "commit", "machine", "threads", "torch")
    origins = dict.fromkeys(", ".join(f"{name} {row[name]}" for name in names) for row in rows)
    failed = [
        f"{row['network']} {row['size']} {row['work']} {row['precision']} {row['layout']} {row['mode']}: {row['error']}"
        for row in rows
        if "error" in row
    ]
    return [f"- {text}" for text in (*origins, *failed)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
