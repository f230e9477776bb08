"""Degradations one after the other, or one of several."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.degradation.base import Degradation
from restore.errors import ConfigError


class Chain(Degradation):
    """Applies the steps in order. Scales multiply; each step's margin is counted in the last one's pixels.

    Args:
        steps: degradations.

    Raises:
        ConfigError: there is no step, or two steps fill the border differently.
    """

    def __init__(self, steps: list[Degradation]) -> None:
        super().__init__()
        if not steps:
            raise ConfigError("Chain got no step. Name at least one degradation.")
        borders = {step.border for step in steps if step.margin}
        if len(borders) > 1:
            raise ConfigError(f"Chain got steps with different borders: {', '.join(sorted(borders))}. Use one preset.")
        self.steps = nn.ModuleList(steps)
        self.border = borders.pop() if borders else "symmetric"
        self.scale, self.margin = 1, 0
        for step in steps:
            self.margin = -(-self.margin // step.scale) + step.margin
            self.scale *= step.scale

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The pictures after the last step."""
        for step in self.steps:
            clean = step(clean, generator)
        return clean


class OneOf(Degradation):
    """Draws one of the degradations for each picture.

    Args:
        choices: degradations of one scale.
        weights: how often each is drawn, relative to the others; None draws all alike.

    Raises:
        ConfigError: no choice, weights of another number or not positive, or scales that differ.
    """

    def __init__(self, choices: list[Degradation], weights: list[float] | None = None) -> None:
        super().__init__()
        weights = weights or [1.0] * len(choices)
        if not choices or len(weights) != len(choices) or min(weights) <= 0:
            raise ConfigError(
                f"OneOf got {len(choices)} choices and weights {weights}. Give one positive weight a choice."
            )
        if len({(choice.scale, choice.border) for choice in choices}) > 1:
            raise ConfigError("OneOf got choices of different scales or borders. Use one of each.")
        self.choices = nn.ModuleList(choices)
        self.weights = weights
        self.scale, self.border = choices[0].scale, choices[0].border
        self.margin = max(choice.margin for choice in choices)

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Each picture after its own choice."""
        odds = torch.tensor(self.weights, device=generator.device)
        which = torch.multinomial(odds, len(clean), replacement=True, generator=generator).to(clean.device)  # (N,)
        parts = clean.new_empty((*clean.shape[:2], clean.shape[2] // self.scale, clean.shape[3] // self.scale))
        for number, choice in enumerate(self.choices):
            mine = which == number
            if bool(mine.any()):
                parts[mine] = choice(clean[mine], generator)
        return parts
