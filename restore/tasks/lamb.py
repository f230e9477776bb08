"""LAMB: Adam with a step as long as the tensor's own norm says, for large batches.

Paper: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020, algorithm 2,
https://arxiv.org/abs/1904.00962. RCAN-it trains by it (Lin et al., 2022, https://arxiv.org/abs/2201.11279).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from restore.errors import ConfigError


class LAMB(Optimizer):
    """Adam's direction, scaled tensor by tensor to the length of the weights.

    Formula, with m and v the bias-corrected means of the gradient and of its square:
        r = m / (sqrt(v) + eps) + weight_decay w, w <- w - lr |w| / |r| r

    The ratio |w| / |r| is 1 where either is nought, and is not clamped, as in RCAN-it.

    Args:
        params: what is trained.
        lr: length of a step, as a part of the tensor's norm.
        betas: decay of the two means.
        eps: added to the root.
        weight_decay: how much of the weights is added to the direction.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        if min(lr, eps, weight_decay, *betas) < 0 or max(betas) >= 1:
            raise ConfigError(
                f"LAMB got lr={lr}, betas={tuple(betas)}, eps={eps}, weight_decay={weight_decay}. "
                "Give numbers from nought, and betas below 1."
            )
        super().__init__(params, {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """One step; returns what `closure` gives."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return loss

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(weight)
            state["square"] = torch.zeros_like(weight)
        state["step"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(gradient, 1 - first)
        state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        mean = state["mean"] / (1 - first ** state["step"])
        root = (state["square"] / (1 - second ** state["step"])).sqrt_().add_(group["eps"])
        direction = mean.div_(root).add_(weight, alpha=group["weight_decay"])
        length, asked = weight.norm(), direction.norm()
        ratio = torch.where((length > 0) & (asked > 0), length / asked, torch.ones_like(length))
        weight.sub_(direction.mul_(ratio * group["lr"]))
