"""The device that a name means."""

from __future__ import annotations

import torch

from restore.errors import ConfigError


def find_device(name: str) -> torch.device:
    """Return the device called `name`: cpu, cuda, mps, or auto for cuda where there is one and the CPU elsewhere.

    Raises:
        ConfigError: the name is unknown, or this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name not in there:
        raise ConfigError(f"The device {name!r} is unknown. Choose auto, cpu, cuda or mps.")
    if not there[name]:
        raise ConfigError(f"This machine has no {name} device that torch can use. Choose auto or cpu.")
    return torch.device(name)
