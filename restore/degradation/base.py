"""What every degradation promises: values are drawn for each picture, then applied to the batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from restore.degradation.random import Source, Stream, seeded
from restore.errors import ShapeError

Drawn = dict[str, Any]
"""What was drawn for one picture: numbers by name, `Stream`s for noise, and the same of the steps inside."""

Transform = Callable[[Tensor, Sequence[Drawn]], Tensor]
"""What a step does to pictures, given what was drawn for each."""


class Degradation(nn.Module, ABC):
    """Makes degraded pictures from clean ones, a batch at a time, on the batch's device.

    Every picture has a generator of its own. From it `draw` takes plain numbers (a sigma, a kernel's angle, the seed of
    a field of noise); `replay` computes from these and draws nothing. So the same drawn values give the same pictures
    again, and a picture's degradation does not depend on the batch, worker or rank that it comes in.
    Nothing is clipped or rounded, unless the step's name says so.

    Attributes:
        scale: how many times smaller the degraded picture is; 1 for noise.
        margin: how many degraded pixels around a patch its degraded form depends on. A patch that is cut with
            `margin * scale` clean pixels more on each side, degraded and then cropped by `margin` equals the same place
            of the whole degraded picture. Noise, codecs and resizing by a random factor have a place of their own in
            each patch; for these the margin only keeps what lies beyond the border out.
        border: with what the margin is filled outside the picture, in numpy's pad modes.
        channels: of the degraded picture, where it is no longer of the clean one's kind: raw planes; else None.

    Shape:
        input (N, C, H, W), float in [0, 1]; output (N, C, H / scale, W / scale), same dtype and device.
    """

    scale: int = 1
    margin: int = 0
    border: Literal["symmetric", "edge"] = "symmetric"
    channels: int | None = None

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The degraded pictures; `clean` is left as it is.

        The generator is asked for one seed a picture, and may live on another device; fields of noise are drawn there.
        """
        seeds = torch.randint(2**62, (len(clean),), generator=generator, device=generator.device)
        return self.degrade_each(clean, seeds, generator.device)

    def degrade_each(self, clean: Tensor, seeds: Iterable[int] | Tensor, device: torch.device | str = "cpu") -> Tensor:
        """Degrade each picture with a generator of its own, seeded with its number.

        Training and validation do so, with the number of the patch or picture: the result is the same on every worker
        and rank, however the pictures are split into batches.

        Args:
            clean: the pictures.
            seeds: one a picture.
            device: where fields of noise are drawn: on the CPU they are alike on all devices, on a GPU quick.

        Raises:
            ShapeError: not one seed a picture.
        """
        return self.replay(clean, self.draw_each(clean, seeds, device))

    def degrade_pairs(
        self, clean: Tensor, seeds: Iterable[int] | Tensor, device: torch.device | str = "cpu"
    ) -> tuple[Tensor, Tensor]:
        """`degrade_each`'s pictures, and for each its `target`."""
        drawn = self.draw_each(clean, seeds, device)
        return self.replay(clean, drawn), self.target(clean, drawn)

    def draw_each(
        self, clean: Tensor, seeds: Iterable[int] | Tensor, device: torch.device | str = "cpu"
    ) -> list[Drawn]:
        """What `degrade_each` would draw for each picture: give it to `replay`, as often as you like.

        Raises:
            ShapeError: not one seed a picture.
        """
        numbers = [int(seed) for seed in seeds]
        if len(numbers) != len(clean):
            raise ShapeError(f"degrade_each needs one seed a picture, got {len(numbers)} for {tuple(clean.shape)}.")
        _, channels, height, width = clean.shape
        size = (height, width)  # of a picture; its generator is on the CPU: alike everywhere
        return [self.draw(Source(seeded(number), channels, size, str(device))) for number in numbers]

    def replay(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The degraded pictures, from what was drawn for each.

        Pictures that meet the same step at the same size go through it together.

        Raises:
            ShapeError: the pictures come out at different sizes, as after a random resize.
        """
        return self._through(clean, drawn, lambda step: step.transform)

    def target(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """What a network is to make of `replay`'s pictures: the clean ones, or their raw planes."""
        return clean if self.channels is None else self._through(clean, drawn, lambda step: step.transform_target)

    @abstractmethod
    def draw(self, source: Source) -> Drawn:
        """What is random, for one picture."""

    @abstractmethod
    def unfold(self, drawn: Drawn) -> list[tuple[Step, Drawn]]:
        """The steps that one picture goes through, in order, each with what was drawn for it."""

    def _through(self, clean: Tensor, drawn: Sequence[Drawn], work: Callable[[Step], Transform]) -> Tensor:
        pictures: Tensor | list[Tensor] = clean
        plans = [self.unfold(one) for one in drawn]
        for place in range(max(map(len, plans), default=0)):
            groups: dict[Hashable, list[int]] = {}
            for number, plan in enumerate(plans):
                if place < len(plan):
                    step, own = plan[place]
                    groups.setdefault((id(step), pictures[number].shape, step.alike(own)), []).append(number)
            for members in groups.values():
                step = plans[members[0]][place][0]
                owns = [plans[number][place][1] for number in members]
                if len(members) == len(plans):
                    whole = pictures if isinstance(pictures, Tensor) else torch.stack(pictures)
                    pictures = work(step)(whole, owns)
                    break
                if isinstance(pictures, Tensor):
                    pictures = list(pictures.unbind())
                together = torch.stack([pictures[number] for number in members])
                for number, done in zip(members, work(step)(together, owns)):
                    pictures[number] = done
        if isinstance(pictures, Tensor):
            return pictures
        sizes = sorted({tuple(picture.shape[-2:]) for picture in pictures})
        if len(sizes) > 1:
            raise ShapeError(
                f"The degraded pictures of one batch have different sizes: {sizes}. "
                "After steps that resize at random end with restore.degradation.ResizeTo."
            )
        return torch.stack(pictures)


class Step(Degradation):
    """A degradation that is not made of others."""

    def unfold(self, drawn: Drawn) -> list[tuple[Step, Drawn]]:
        """Itself."""
        return [(self, drawn)]

    @abstractmethod
    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """Degrade pictures for which `alike` is the same, (N, C, H, W) -> (N, C, h, w); nothing is drawn here."""

    def transform_target(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The target that belongs to `transform`'s pictures: the clean pictures, unless the step leaves their kind."""
        return clean

    def alike(self, drawn: Drawn) -> Hashable:
        """What has to be equal for pictures that go through `transform` together, besides their size."""
        return None

    def label(self, drawn: Drawn) -> str:
        """The step's name and what was drawn for it, in one line."""
        shown = (f"{name} {_short(value)}" for name, value in drawn.items() if not _is_long(value))
        return " ".join([type(self).__name__, *shown])


def _is_long(value: Any) -> bool:
    """Seeds, and lists of numbers that say nothing one by one."""
    return isinstance(value, (tuple, list)) and (isinstance(value, Stream) or len(value) > 3)


def _short(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "/".join(map(_short, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
