"""The quickest setting of each network as it was measured: number format and memory format, by device and work.

`benchmarks/networks.py --store` writes `fastest.json` beside this file. What was not measured follows the rule:
bfloat16 where the device computes in it, channels_last everywhere. Forward and training step are measured on a CPU
without bfloat16 units alone; other kinds of device (`device_kind`) get entries of their own by `--store` there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import torch

from restore.inference.precision import bf16_is_quick

Work = Literal["forward", "step"]
_FILE = Path(__file__).with_suffix(".json")


class Setting(NamedTuple):
    """How a network is run."""

    precision: Literal["fp32", "bf16"]
    channels_last: bool


def fastest_setting(network: str, device: torch.device, work: Work) -> Setting:
    """The setting in which a network is the quickest.

    Args:
        network: name of its class.
        device: where it runs.
        work: "forward" without gradients, or "step", a training step.
    """
    kind = device_kind(device)
    return _measured().get((kind, network, work)) or rule(kind)


def fastest_precision(accelerator: str = "auto", network: str = "") -> Literal["bf16-mixed", "32-true"]:
    """Lightning's name of the quick training precision for an accelerator and, where it was measured, a network."""
    cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "mps" if accelerator == "mps" else "cpu")
    return "bf16-mixed" if fastest_setting(network, device, "step").precision == "bf16" else "32-true"


def device_kind(device: torch.device) -> str:
    """What devices have in common that are quick at the same: "cpu", "cpu with bf16", "cuda 9.0", "mps"."""
    if device.type == "cuda" and torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability(device)
        return f"cuda {major}.{minor}"
    return f"{device.type} with bf16" if device.type == "cpu" and bf16_is_quick(device) else device.type


def rule(kind: str) -> Setting:
    """The setting of what was not measured on devices of a kind."""
    half = kind.endswith("with bf16") or (kind.startswith("cuda ") and float(kind.removeprefix("cuda ")) >= 8)
    return Setting("bf16" if half else "fp32", True)


def write_fastest(found: Iterable[tuple[str, str, Work, Setting]], file: Path = _FILE) -> Path:
    """Add (device kind, network, work, setting) to the file, in place of what it said of the same."""
    table = _read(file) | {(kind, network, work): setting for kind, network, work, setting in found}
    content: dict[str, dict[str, dict[str, dict[str, str | bool]]]] = {}
    for (kind, network, work), setting in sorted(table.items()):
        content.setdefault(kind, {}).setdefault(network, {})[work] = setting._asdict()
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    _measured.cache_clear()
    return file


@cache
def _measured() -> dict[tuple[str, str, str], Setting]:
    return _read(_FILE)


def _read(file: Path) -> dict[tuple[str, str, str], Setting]:
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {
        (kind, network, work): Setting(**setting)
        for kind, networks in content.items()
        for network, works in networks.items()
        for work, setting in works.items()
    }
