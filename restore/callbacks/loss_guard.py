"""Stops a run whose loss is no number any more, before the weights are spoilt."""

from __future__ import annotations

import math
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from restore.errors import RestoreError


class LossGuard(Callback):
    """Looks at every loss before its gradient is taken.

    Args:
        factor: a loss this many times the running mean is an explosion. Not of a loss that goes below 0, as a
            negative PSNR does: its values are logarithms, of which "so many times" says nothing.
        patience: steps before the running mean is trusted.

    Raises:
        RestoreError: the loss is NaN or infinite, or explodes; the message holds the names of the batch.
    """

    def __init__(self, factor: float = 100.0, patience: int = 100) -> None:
        self.factor = factor
        self.patience = patience
        self.steps = 0
        self.mean = 0.0
        self.lowest = 0.0

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Check the loss of this step."""
        value = float(loss.detach())
        self.lowest = min(self.lowest, value)
        trusted = self.steps >= self.patience and self.lowest >= 0
        if not math.isfinite(value) or (trusted and value > self.factor * self.mean):
            names = ", ".join(getattr(pl_module, "current_names", []))
            raise RestoreError(
                f"The loss is {value:.4g} at step {trainer.global_step} (running mean {self.mean:.4g}); stopped before "
                f"the weights changed. Pictures of the batch: {names}. Look at them, lower the learning rate, or set "
                "trainer.gradient_clip_val; --ckpt_path last goes on from the last checkpoint."
            )
        self.steps += 1
        self.mean += (value - self.mean) / min(self.steps, 100)

    def state_dict(self) -> dict[str, Any]:
        """The running mean goes into checkpoints."""
        return {"steps": self.steps, "mean": self.mean, "lowest": self.lowest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the running mean from a checkpoint."""
        self.steps, self.mean = state_dict["steps"], state_dict["mean"]
        self.lowest = state_dict.get("lowest", min(self.mean, 0.0))  # checkpoints of before have none
