"""What one picture's degradation is drawn from, and fields of noise that can be made again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from restore.errors import ConfigError

_BLOCK = 64

Range = float | tuple[float, float]
"""One number, or a pair (low, high) from which every picture draws its own."""


class Stream(NamedTuple):
    """The seed of a field of noise: the same field whenever it is read, whatever is drawn beside it."""

    seed: int
    device: str
    """Where the field is drawn: CPU and GPU generators give different numbers for one seed."""

    def generator(self) -> torch.Generator:
        """A generator at the stream's beginning."""
        return seeded(self.seed, self.device)


def seeded(seed: int, device: str = "cpu") -> torch.Generator:
    """A generator for which every bit of the seed counts: torch's own on the CPU looks at the last 32 only.

    The bits are mixed by splitmix64 (Steele et al., "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
    """
    mixed = (seed + 0x9E3779B97F4A7C15) % 2**64
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % 2**64
    return torch.Generator(device).manual_seed((mixed ^ (mixed >> 31)) % 2**63)


class Source:
    """All that one picture's degradation is drawn from: a generator, and the picture's shape.

    Args:
        generator: on the CPU, so that the drawn values are alike on every machine.
        channels: C of the picture.
        size: (height, width) of the clean picture.
        device: where fields of noise are drawn.

    Attributes:
        size: (height, width) as the steps drawn so far leave it; a step that resizes sets it.
        clean_size: (height, width) of the clean picture.
    """

    def __init__(self, generator: torch.Generator, channels: int, size: tuple[int, int], device: str = "cpu") -> None:
        self.generator = generator
        self.channels = channels
        self.size = self.clean_size = size
        self.device = device
        self._block: list[float] = []

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return low + (high - low) * self._share()

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._share() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._share() < probability

    def choose(self, weights: Sequence[float]) -> int:
        """An index, as often as its weight says."""
        rest = self._share() * sum(weights)
        last = max(index for index, weight in enumerate(weights) if weight > 0)
        for index, weight in enumerate(weights[:last]):
            rest -= weight
            if rest < 0:
                return index
        return last

    def shuffle(self, length: int) -> list[int]:
        """The numbers 0 to length - 1 in random order."""
        order = list(range(length))
        for place in range(length - 1, 0, -1):
            other = self.integer(0, place)
            order[place], order[other] = order[other], order[place]
        return order

    def normal(self) -> float:
        """A standard normal number."""
        return math.sqrt(-2 * math.log(1 - self._share())) * math.cos(2 * math.pi * self._share())

    def stream(self) -> Stream:
        """The seed of a field of noise."""
        return Stream(int(self._share() * 2**53), self.device)

    def _share(self) -> float:
        """From 0, below 1; taken from the generator by the block, as a tensor of one number costs as much as many."""
        if not self._block:
            self._block = torch.rand(_BLOCK, generator=self.generator, dtype=torch.float64).tolist()
        return self._block.pop()


def normal(shape: Sequence[int], streams: Sequence[Stream], like: Tensor) -> Tensor:
    """Standard normal numbers, one field (C, H, W) a stream: (N, C, H, W), dtype and device of `like`."""
    return _fields(streams, like, lambda generator: torch.randn(shape, generator=generator, device=generator.device))


def uniform(shape: Sequence[int], streams: Sequence[Stream], like: Tensor) -> Tensor:
    """Numbers from 0 to 1, one field (C, H, W) a stream: (N, C, H, W), dtype and device of `like`."""
    return _fields(streams, like, lambda generator: torch.rand(shape, generator=generator, device=generator.device))


def poisson(rate: Tensor, streams: Sequence[Stream]) -> Tensor:
    """Poisson numbers of the given rates, (N, C, H, W), each picture from its own stream."""
    fields = []
    for own, stream in zip(rate, streams, strict=True):
        generator = stream.generator()
        fields.append(torch.poisson(own.to(generator.device, torch.float32), generator=generator).to(rate))
    return torch.stack(fields)


def values(drawn: Sequence[dict], name: str, like: Tensor) -> Tensor:
    """One drawn number a picture as (N, 1, 1, 1), or one a channel as (N, C, 1, 1); dtype and device of `like`."""
    numbers = torch.tensor([one[name] for one in drawn], dtype=torch.float64)
    return numbers.reshape(len(drawn), -1, 1, 1).to(like)


def pair(
    name: str, given: Range, least: float = 0.0, most: float = math.inf, *, above: bool = False, unit: str = ""
) -> tuple[float, float]:
    """`given` as (low, high).

    Args:
        name: of the option, for the message.
        given: one number, or two.
        least: the smallest number allowed.
        most: the largest.
        above: whether `least` itself is refused.
        unit: for the message, as "in grey levels".

    Raises:
        ConfigError: a number outside the limits, or the pair is the wrong way round.
    """
    low, high = given if isinstance(given, (tuple, list)) else (given, given)
    if not least <= low <= high <= most or (above and low == least):
        limits = f"{'above' if above else 'from'} {least:g}" + (f" to {most:g}" if most < math.inf else "")
        raise ConfigError(f"{name} is one number {limits}, or a pair (low, high){unit and ' '}{unit}, got {given}.")
    return low, high


def _fields(streams: Sequence[Stream], like: Tensor, field: Callable[[torch.Generator], Tensor]) -> Tensor:
    return torch.stack([field(stream.generator()).to(like) for stream in streams])
