"""How large a tile may be: the memory that a network needs, counted on two small pictures."""

from __future__ import annotations

import math
import weakref
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.overrides import TorchFunctionMode

from restore.networks import RestorationNetwork

_LARGEST = {"cuda": 2048}
"""Sides of tiles; above, nothing gets quicker."""
_LARGEST_ELSEWHERE = 1024
_CPU_BUDGET = 2**30
_SHARE_OF_FREE = 0.5


def auto_tile(network: RestorationNetwork, device: torch.device) -> int:
    """The side of the largest tile whose features fit into the device's budget, on the network's grid.

    The budget is a gigabyte on a CPU and half of what is free on a GPU. The peak is fitted as a p + b p^2 for p
    pixels, the square for networks that compare every place with every other.
    """
    small = -(-32 // network.multiple_of) * network.multiple_of
    low, high = (peak_bytes(network, side, device) for side in (small, 2 * small))
    square = max(0.0, (high - 4 * low) / (12 * small**4))
    linear = max(low / small**2 - square * small**2, 1.0)
    budget = float(_CPU_BUDGET)
    if device.type == "cuda":
        budget = _SHARE_OF_FREE * torch.cuda.mem_get_info(device)[0]
    pixels = budget / linear if square == 0 else (math.sqrt(linear**2 + 4 * square * budget) - linear) / (2 * square)
    side = min(int(math.sqrt(pixels)), _LARGEST.get(device.type, _LARGEST_ELSEWHERE))
    return max(side // network.multiple_of, 1) * network.multiple_of


def peak_bytes(network: RestorationNetwork, side: int, device: torch.device) -> int:
    """The most bytes of features that are alive at once while one (1, C, side, side) picture is restored."""
    degraded = torch.zeros(1, network.input_channels, side, side, device=device)
    arguments = (torch.zeros(1, device=device),) if network.takes_sigma else ()
    with torch.no_grad(), _Ledger() as ledger:
        network(degraded, *arguments)
    return ledger.peak


class _Ledger(TorchFunctionMode):
    """Counts the bytes of every storage that a torch function returns, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = 0
        self.peak = 0
        self._seen: set[int] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor) and not isinstance(made, Parameter):
            self._enter(made)
        return made

    def _enter(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage.data_ptr()
        if key in self._seen:
            return
        self._seen.add(key)
        self.alive += storage.nbytes()
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._leave, key, storage.nbytes())

    def _leave(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.alive -= size
