"""Metrics for a training loop: one value a picture is kept, their mean is the result.

torchmetrics' own PSNR pools the squared error of all pictures: two of 20 and 40 dB come out as 22.97 instead of 30.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from restore.errors import ConfigError
from restore.metrics.protocol import find_protocol


class ProtocolMetric(Metric, ABC):
    """Mean over pictures of a protocol's value; right on any number of processes and any split into batches.

    Args:
        protocol: a name out of `PROTOCOLS`.
        scale: of the super-resolution; 1 for denoising.

    Raises:
        ConfigError: the protocol does not exist; or `compute` was asked before any picture came.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    scores: list[Tensor]

    def __init__(self, protocol: str, scale: int = 1) -> None:
        super().__init__()
        self.protocol = find_protocol(protocol)
        self.scale = scale
        self.add_state("scores", default=[], dist_reduce_fx="cat")

    @property
    def dtype(self) -> torch.dtype:
        """Double, always: torchmetrics asks when a process without pictures meets one that has some."""
        return torch.float64

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> Self:
        """Follow the task to its device, but stay in double where it is turned to bfloat16."""

        def move(value: Tensor) -> Tensor:
            device = fn(torch.zeros(0, device=value.device)).device
            return value if device.type == "mps" else value.to(device)  # Apple GPUs have no float64

        super()._apply(move, exclude_state)
        return self

    @abstractmethod
    def score(self, restored: Tensor, target: Tensor) -> Tensor:
        """(N,) float64, one value a picture."""

    def update(self, restored: Tensor, target: Tensor) -> None:
        """Add the pictures of one batch, both (N, C, H, W) in [0, 1], unclipped welcome."""
        self.scores.append(self.score(restored.detach(), target.detach()))

    def compute(self) -> Tensor:
        """The mean over all pictures of all processes, a float64 scalar; inf where a restored picture is perfect."""
        values = self.values
        if not len(values):
            raise ConfigError(f"{type(self).__name__} was asked for a mean before any picture was added.")
        return values.mean()

    @property
    def values(self) -> Tensor:
        """(number of pictures,) float64 as they were added: of this process, inside `compute` of all of them."""
        if isinstance(self.scores, list) and not self.scores:
            return torch.zeros(0, dtype=torch.float64, device=self.device)
        return dim_zero_cat(self.scores)


class ProtocolPSNR(ProtocolMetric):
    """PSNR in dB by a protocol, the mean of the pictures' values."""

    def score(self, restored: Tensor, target: Tensor) -> Tensor:
        """(N,) dB."""
        return self.protocol.psnr(restored, target, self.scale)


class ProtocolSSIM(ProtocolMetric):
    """SSIM by a protocol, the mean of the pictures' values."""

    def score(self, restored: Tensor, target: Tensor) -> Tensor:
        """(N,)."""
        return self.protocol.ssim(restored, target, self.scale)
