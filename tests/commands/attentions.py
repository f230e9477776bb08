"""What a stranger writes: an attention that works, some that do not, a network without a slot."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention import Attention, Recalibration
from restore.networks import UNet


class Halving(Recalibration):
    """A gate of a half, with a parameter that draws from the global stream when it is built and when it runs."""

    def __init__(self, channels: int, factor: float = 0.5) -> None:
        super().__init__(channels)
        self.factor = factor
        self.unused = nn.Parameter(torch.rand(channels))

    def gate(self, x: Tensor) -> Tensor:
        torch.rand(1)
        return torch.full_like(x[:, :, :1, :1], self.factor) + 0 * self.unused[:, None, None]


class Unbuildable(Attention):
    """Raises when it is built."""

    def __init__(self, channels: int) -> None:
        raise KeyError(f"no form for {channels}")

    def forward(self, x: Tensor) -> Tensor:
        return x


class NotANumber(Attention):
    """Makes the loss NaN in training."""

    def forward(self, x: Tensor) -> Tensor:
        return x * float("nan") if self.training else x


class Interrupting(Attention):
    """Ctrl-C in its first training step, once a process."""

    pressed = False

    def forward(self, x: Tensor) -> Tensor:
        if self.training and not Interrupting.pressed:
            Interrupting.pressed = True
            raise KeyboardInterrupt
        return x


class Slotless(UNet):
    """Takes no attention."""

    def __init__(self) -> None:
        super().__init__()
