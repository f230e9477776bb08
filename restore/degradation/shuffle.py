"""Degradations in random order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import nn

from restore.degradation.base import Degradation, Drawn, Step
from restore.degradation.compose import common_border
from restore.degradation.random import Source
from restore.errors import ConfigError


class Shuffle(Degradation):
    """Applies the steps in an order that is drawn for each picture.

    Zhang et al., "Designing a Practical Degradation Model for Deep Blind Image Super-Resolution", ICCV 2021, section
    3.5, https://arxiv.org/abs/2103.14006.

    Args:
        steps: degradations.
        in_order: numbers (from 0) of steps that keep their order among each other wherever they come to stand: a
            resize to a random size and the one to the final size.

    Raises:
        ConfigError: there is no step, a number of no step, or two steps fill the border differently.
    """

    def __init__(self, steps: list[Degradation], in_order: Sequence[int] = ()) -> None:
        super().__init__()
        if not steps:
            raise ConfigError("Shuffle got no step. Name at least one degradation.")
        if len(set(in_order)) < len(in_order) or not set(in_order) <= set(range(len(steps))):
            raise ConfigError(f"in_order holds different numbers from 0 to {len(steps) - 1}, got {list(in_order)}.")
        self.steps = cast(list[Degradation], nn.ModuleList(steps))
        self.in_order = list(in_order)
        self.border = common_border(steps)
        self.scale = 1
        for step in steps:
            self.scale *= step.scale
            self.channels = step.channels or self.channels
        self.margin = sum(step.margin for step in steps)  # all of them may come after the step that shrinks

    def draw(self, source: Source) -> Drawn:
        """The order, and what each step draws when its turn comes."""
        order = source.shuffle(len(self.steps))
        places = sorted(order.index(number) for number in self.in_order)
        for place, number in zip(places, self.in_order, strict=True):
            order[place] = number
        return {"order": order, "steps": [self.steps[number].draw(source) for number in order]}

    def unfold(self, drawn: Drawn) -> list[tuple[Step, Drawn]]:
        """The steps of the steps, in the order that was drawn."""
        pairs = zip(drawn["order"], drawn["steps"], strict=True)
        return [part for number, own in pairs for part in self.steps[number].unfold(own)]
