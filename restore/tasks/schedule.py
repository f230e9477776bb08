"""A learning-rate schedule whose length need not be known at the start.

Warm-up, stable, decay: Hu et al., "MiniCPM", 2024, section 4, https://arxiv.org/abs/2404.06395 (the decay here is
linear). A run may be resumed from its stable part with more steps: nothing is lost to a cosine that ended.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from restore.errors import ConfigError


class WarmupStableDecay(LRScheduler):
    """Rises linearly for `warmup` steps, stays, and falls linearly to nought over the last `decay` steps.

    A resumed run follows the numbers of the recipe as it stands now, not those of the checkpoint.

    Args:
        optimizer: whose rates are set.
        steps: of the whole run.
        warmup: steps of the rise.
        decay: steps of the fall.

    Raises:
        ConfigError: warm-up and decay are longer than the run.
    """

    def __init__(self, optimizer: Optimizer, steps: int, warmup: int = 200, decay: int = 0) -> None:
        if warmup + decay > steps:
            raise ConfigError(f"Warm-up ({warmup}) and decay ({decay}) are longer than the run of {steps} steps.")
        self.steps = steps
        self.warmup = warmup
        self.decay = decay
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The rates of the coming step."""
        step = self.last_epoch
        rise = min(1.0, (step + 1) / (self.warmup + 1))
        fall = min(1.0, max(0.0, (self.steps - step) / max(1, self.decay)))
        return [base * min(rise, fall) for base in self.base_lrs]

    def state_dict(self) -> dict[str, Any]:
        """Only where the run stands."""
        return {"last_epoch": self.last_epoch, "_step_count": self._step_count, "_last_lr": self._last_lr}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to where the run stands, at the rates that the recipe has there."""
        super().load_state_dict(state_dict)
        self._last_lr = self.get_lr()
        for group, rate in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = rate


def keep_options(optimizer: Optimizer, rates_too: bool) -> None:
    """Let the optimiser keep its own options when a checkpoint is loaded into it: momenta come from there, no more.

    Args:
        optimizer: as the recipe builds it.
        rates_too: keep the learning rate as well; where there is a schedule, that goes on from the checkpoint's.
    """
    kept = {"params"} if rates_too else {"params", "lr", "initial_lr"}
    options = [{name: value for name, value in group.items() if name not in kept} for group in optimizer.param_groups]

    def put_back(loaded: Optimizer) -> None:
        for group, own in zip(loaded.param_groups, options, strict=True):
            group.update(own)

    optimizer.register_load_state_dict_post_hook(put_back)
