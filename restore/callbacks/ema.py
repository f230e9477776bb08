"""Exponential moving average of the weights, with warm-up.

Polyak and Juditsky, SIAM J. Control Optim. 1992; the warm-up min(decay, (1 + n) / (10 + n)) is the one of
TensorFlow's ExponentialMovingAverage: early averages forget their random start quickly.
"""

from __future__ import annotations

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from torch import nn
from torch.optim.swa_utils import AveragedModel

from restore.errors import ConfigError


class EMA(WeightAveraging):
    """Validation, checkpoints' `state_dict` and the weights at the end are the average; training goes on with the raw.

    Args:
        decay: share of the old average that stays at each step, below 1.

    Raises:
        ConfigError: `decay` is not in [0, 1).
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"EMA decay is {decay}. It must be at least 0 and below 1; 0.999 is usual.")
        self.decay = decay
        self._swapped = False
        super().__init__(use_buffers=False)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Copy the modules, and no more: the task also holds its trainer and what the recipe was parsed by."""
        if stage != "fit":
            return
        modules = nn.Module()
        for name, child in pl_module.named_children():
            modules.add_module(name, child)
        self._average_model = AveragedModel(modules, pl_module.device, self._average, use_buffers=False)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the raw weights back where validation was cut short, so that what is saved now can be resumed."""
        if self._swapped:
            self._swap_models(pl_module)

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._swapped = not self._swapped

    def _average(self, average: torch.Tensor, current: torch.Tensor, seen: torch.Tensor | int) -> torch.Tensor:
        steps = float(seen)
        decay = min(self.decay, (1 + steps) / (10 + steps))
        return average.lerp(current, 1 - decay)
