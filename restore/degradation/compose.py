"""Degradations one after the other, one of several, or one now and then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from torch import nn

from restore.degradation.base import Degradation, Drawn, Step
from restore.degradation.random import Source
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
        self.steps = cast(list[Degradation], nn.ModuleList(steps))
        self.border = common_border(steps)
        self.scale, self.margin = 1, 0
        for step in steps:
            self.channels = step.channels or self.channels
            self.margin = -(-self.margin // step.scale) + step.margin
            self.scale *= step.scale

    def draw(self, source: Source) -> Drawn:
        """What each step draws, one after the other."""
        return {"steps": [step.draw(source) for step in self.steps]}

    def unfold(self, drawn: Drawn) -> list[tuple[Step, Drawn]]:
        """The steps of the steps."""
        return [part for step, own in zip(self.steps, drawn["steps"], strict=True) for part in step.unfold(own)]


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
        if len({(choice.scale, choice.border, choice.channels) for choice in choices}) > 1:
            raise ConfigError("OneOf got choices of different scales, borders or channels. Use one of each.")
        self.choices = cast(list[Degradation], nn.ModuleList(choices))
        self.weights = weights
        self.scale, self.border, self.channels = choices[0].scale, choices[0].border, choices[0].channels
        self.margin = max(choice.margin for choice in choices)

    def draw(self, source: Source) -> Drawn:
        """The number of the choice, and what it draws."""
        which = source.choose(self.weights)
        return {"choice": which, "drawn": self.choices[which].draw(source)}

    def unfold(self, drawn: Drawn) -> list[tuple[Step, Drawn]]:
        """The steps of the choice."""
        return self.choices[drawn["choice"]].unfold(drawn["drawn"])


class Sometimes(Degradation):
    """Applies a degradation to some of the pictures and leaves the others as they are.

    Args:
        step: a degradation of scale 1.
        probability: of a picture being degraded.

    Raises:
        ConfigError: a probability outside 0 to 1, or the step changes the scale.
    """

    def __init__(self, step: Degradation, probability: float = 0.5) -> None:
        super().__init__()
        if not 0 <= probability <= 1:
            raise ConfigError(f"probability goes from 0 to 1, got {probability}.")
        if step.scale != 1 or step.channels is not None:
            what = f"shrinks x{step.scale}" if step.scale != 1 else "gives raw planes"
            raise ConfigError(f"A step that {what} cannot be left out now and then. Take one of scale 1 and sRGB.")
        self.step = step
        self.probability = probability
        self.margin, self.border = step.margin, step.border

    def draw(self, source: Source) -> Drawn:
        """Whether it happens, and what the step draws then."""
        happens = source.chance(self.probability)
        return {"happens": happens, "drawn": self.step.draw(source) if happens else {}}

    def unfold(self, drawn: Drawn) -> list[tuple[Step, Drawn]]:
        """The steps of the step, or none."""
        return self.step.unfold(drawn["drawn"]) if drawn["happens"] else []


def common_border(steps: Sequence[Degradation]) -> Literal["symmetric", "edge"]:
    """How all the steps that look beyond the border fill it.

    Raises:
        ConfigError: two of them do it differently.
    """
    borders = {step.border for step in steps if step.margin}
    if len(borders) > 1:
        raise ConfigError(f"Steps with different borders came together: {', '.join(sorted(borders))}. Use one preset.")
    return borders.pop() if borders else "symmetric"
