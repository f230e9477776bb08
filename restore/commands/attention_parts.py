"""How the table builds, feeds and runs the modules that are no slots: other arguments, other inputs, other outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def _map(channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand((1, channels, height, width), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _by_channels(cls: type[nn.Module], channels: int, size: int) -> nn.Module:
    return cls(channels)


def _by_defaults(cls: type[nn.Module], channels: int, size: int) -> nn.Module:
    return cls()


def _same_width(cls: type[nn.Module], channels: int, size: int) -> nn.Module:
    return cls(channels, channels)


def _one_map(channels: int, size: int) -> tuple[Tensor, ...]:
    return (_map(channels, size, size),)


def _two_maps(channels: int, size: int) -> tuple[Tensor, ...]:
    return _map(channels, size, size), _map(channels, size, size, 1)


def _sequence(channels: int, size: int) -> tuple[Tensor, ...]:
    """(T, N, C), as many places as a map has."""
    return (_map(channels, size, size).flatten(2).permute(2, 0, 1).contiguous(),)


def _line(channels: int, size: int) -> tuple[Tensor, ...]:
    """(N, C, L), as many places as a map has."""
    return (_map(channels, size, size).flatten(2),)


def _clip(channels: int, size: int) -> tuple[Tensor, ...]:
    """(N, C, T, H, W), two frames."""
    return (torch.stack(_two_maps(channels, size), 2),)


def _memory(channels: int, size: int) -> tuple[Tensor, ...]:
    """(N, 256): what the recurrent model remembers, at its default width."""
    return (_map(256, 1, 1).flatten(1),)


def _look(channels: int, size: int) -> tuple[Tensor, ...]:
    """A map and one location in it."""
    return _map(channels, size, size), torch.tensor([[0.25, -0.5]])


def _call(module: nn.Module, *inputs: Tensor) -> Tensor:
    result: Tensor = module(*inputs)
    return result


def _seeded_episode(module: nn.Module, x: Tensor) -> Tensor:
    episode = module(x, torch.Generator().manual_seed(0))
    return torch.cat([episode.answer.flatten(), episode.log_density.flatten(), episode.baselines.flatten()])


@dataclass(frozen=True)
class Example:
    """A module of the table at a number of channels and a size."""

    build: Callable[[type[nn.Module], int, int], nn.Module] = _by_channels
    inputs: Callable[[int, int], tuple[Tensor, ...]] = _one_map
    run: Callable[..., Tensor] = _call
    largest: int | None = None
    """The size above which it is left out."""


PARTS: dict[str, Example] = {
    "ActionNetwork": Example(_by_defaults, _memory),
    "AtrousObjectContext": Example(_same_width),
    "AttentionAugmentedConv": Example(
        build=lambda cls, channels, size: cls(channels, channels, channels, channels // 2, size=(size, size))
    ),
    "BaseObjectContext": Example(
        build=lambda cls, channels, size: cls(channels, channels, channels // 2, channels // 2)
    ),
    "BaselineNetwork": Example(_by_defaults, _memory),
    "CovariancePooling": Example(_by_defaults),
    "DeformableConv": Example(
        inputs=lambda channels, size: (_map(channels, size, size), _map(18, size, size, 1), _map(9, size, size, 2))
    ),
    "DualAttentionHead": Example(
        build=_same_width,
        run=lambda module, x: module(x)[0],
    ),
    "DynamicConv1d": Example(inputs=_sequence),
    "GlimpseCore": Example(_by_defaults, inputs=lambda channels, size: _memory(channels, size) * 2),
    "GlimpseNetwork": Example(inputs=_look),
    "GlimpseSensor": Example(_by_defaults, _look),
    "GlobalAttentionUpsample": Example(
        build=lambda cls, channels, size: cls(channels, channels),
        inputs=lambda channels, size: (_map(channels, -(-size // 2), -(-size // 2)), _map(channels, size, size, 1)),
    ),
    "LayerAttention": Example(
        _by_defaults, lambda channels, size: (torch.stack([_map(channels, size, size, seed) for seed in range(4)], 1),)
    ),
    "LightweightConv1d": Example(inputs=_sequence),
    "LocationPolicy": Example(_by_defaults, _memory, lambda module, memory: module(memory).mean),
    "NonLocalAttention1d": Example(inputs=_line),
    "NonLocalAttention3d": Example(inputs=_clip),
    "ObjectContextPooling": Example(build=lambda cls, channels, size: cls(channels, channels // 2, channels // 2)),
    "PointwiseSpatialAttention": Example(largest=64),
    "PyramidObjectContext": Example(_same_width),
    "RecurrentAttention": Example(run=_seeded_episode),
    "StyleAttention": Example(inputs=_two_maps),
    "StyleTransform": Example(
        inputs=lambda channels, size: (
            *_two_maps(channels, size),
            *(_map(channels, -(-size // 2), -(-size // 2), seed) for seed in (2, 3)),
        )
    ),
    "TokenWindowAttention": Example(
        inputs=lambda channels, size: (
            _map(channels, size, size).flatten(2).transpose(1, 2).reshape(-1, min(64, size * size), channels),
        ),
        build=lambda cls, channels, size: cls(channels, (min(8, size), min(8, size))),
    ),
}
"""Class -> its example, where the defaults (`cls(channels)` on one map) will not do."""


class Running(nn.Module):
    """A module that gives one tensor by its example's `run`."""

    def __init__(self, module: nn.Module, run: Callable[..., Tensor]) -> None:
        super().__init__()
        self.module = module
        self.run = run

    def forward(self, *inputs: Tensor) -> Tensor:
        """Whatever `run` makes of the inputs."""
        return self.run(self.module, *inputs)
