"""The recurrent attention model behind its eye: memory, answer, baseline, and the policy of where to look next.

Paper: Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, sections 3.1 and 4,
https://arxiv.org/abs/1406.6247
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal
from torch.nn import functional as F

from restore.attention.sampling.glimpse import GlimpseNetwork
from restore.errors import ConfigError


class GlimpseCore(nn.Module):
    """The memory: what was seen so far, and one glimpse more.

    Formula:
        h = relu(see(g) + remember(h))

    Args:
        glimpse_width: units of the glimpse network's result.
        width: units of the memory.

    Shape:
        glimpse (N, glimpse_width), memory (N, width); output (N, width), 0 or more.

    Raises:
        ConfigError: a width is below 1.
    """

    def __init__(self, glimpse_width: int = 256, width: int = 256) -> None:
        super().__init__()
        _check("GlimpseCore", glimpse_width=glimpse_width, width=width)
        self.width = width
        self.see = nn.Linear(glimpse_width, width)
        self.remember = nn.Linear(width, width)

    def forward(self, glimpse: Tensor, memory: Tensor) -> Tensor:
        """(N, glimpse_width) and (N, width) -> (N, width)."""
        return F.relu(self.see(glimpse) + self.remember(memory))


class ActionNetwork(nn.Module):
    """The answer: logarithms of the probabilities of classes.

    Formula:
        log p = log_softmax(classify(h))

    Args:
        width: units of the memory.
        classes: how many.

    Shape:
        input (N, width); output (N, classes).

    Raises:
        ConfigError: a number is below 1.
    """

    def __init__(self, width: int = 256, classes: int = 10) -> None:
        super().__init__()
        _check("ActionNetwork", width=width, classes=classes)
        self.classify = nn.Linear(width, classes)

    def forward(self, memory: Tensor) -> Tensor:
        """(N, width) -> (N, classes)."""
        return F.log_softmax(self.classify(memory), dim=1)


class BaselineNetwork(nn.Module):
    """The reward to expect from here, which lowers the variance of REINFORCE; the memory learns nothing by it.

    Formula:
        b = value(h)

    Args:
        width: units of the memory.

    Shape:
        input (N, width); output (N,).

    Raises:
        ConfigError: `width` is below 1.
    """

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        _check("BaselineNetwork", width=width)
        self.value = nn.Linear(width, 1)

    def forward(self, memory: Tensor) -> Tensor:
        """(N, width) -> (N,)."""
        return self.value(memory.detach()).squeeze(1)  # (N,)


class LocationPolicy(nn.Module):
    """Where to look next, drawn from a Gaussian, with the log-density that REINFORCE needs.

    The memory learns nothing by it (the paper: by classification alone). A draw is clamped to the picture after its
    log-density was taken, as published.

    Formula:
        l ~ Normal(tanh(mean(relu(hidden(h)))), sigma)

    Args:
        width: units of the memory.
        sigma: standard deviation of the draw, where the picture reaches from -1 to 1.
        hidden: units of the hidden layer; `width // 2` by default.

    Shape:
        input (N, width); location (N, 2), x then y, and log-density (N,).

    Raises:
        ConfigError: a width is below 1, or `sigma` is not above 0.
    """

    def __init__(self, width: int = 256, sigma: float = 0.05, hidden: int | None = None) -> None:
        super().__init__()
        hidden = width // 2 if hidden is None else hidden
        _check("LocationPolicy", width=width, hidden=hidden)
        if not sigma > 0:
            raise ConfigError(f"LocationPolicy got sigma={sigma}. Choose it above 0.")
        self.sigma = sigma
        self.hidden = nn.Linear(width, hidden)
        self.mean = nn.Linear(hidden, 2)

    def forward(self, memory: Tensor) -> Independent:
        """(N, width) -> the distribution of (N, 2) places."""
        mean = self.mean(F.relu(self.hidden(memory.detach()))).tanh()  # (N, 2)
        return Independent(Normal(mean, torch.full_like(mean, self.sigma)), 1)

    def draw(self, memory: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """A location (N, 2) without gradient, held in [-1, 1], and its log-density (N,), through which gradients go."""
        distribution = self(memory)
        mean = distribution.mean.detach()
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        location = mean + self.sigma * noise
        return location.clamp(-1, 1), distribution.log_prob(location)


class Episode(NamedTuple):
    """What `RecurrentAttention` saw and said, T glimpses long."""

    answer: Tensor
    """Log-probabilities of the classes after the last glimpse, (N, classes)."""
    locations: Tensor
    """Where it looked, (N, T, 2)."""
    log_density: Tensor
    """Of the locations that the policy drew, (N, T - 1): the first is drawn blindly."""
    baselines: Tensor
    """The reward expected when each of these was drawn, (N, T - 1)."""


class RecurrentAttention(nn.Module):
    """Looks at a picture by glimpses, each placed by what the ones before it saw, then names its class.

    The published code draws one location more, which is never looked at, and trains on it; this one does not.

    Formula:
        h_t = core(glimpse(x, l_t), h_{t-1});  l_{t+1} ~ policy(h_t);  answer = action(h_T);  h_0 = 0, l_1 uniform

    Args:
        channels: C of the picture.
        classes: how many.
        glimpses: T, how many times it looks.
        size: side of a patch of the glimpse.
        patches: how many crops the retina has.
        scale: how many times larger each crop is than the one before.
        width: units of the memory and of the glimpse, half of them for what, half for where.
        sigma: standard deviation of a location, where the picture reaches from -1 to 1.

    Shape:
        input (N, C, H, W); output an `Episode`.

    Raises:
        ConfigError: a number is below 1 (`width`: 2), or `sigma` is not above 0.
        ShapeError: the input has another C (on forward).
    """

    def __init__(
        self,
        channels: int,
        classes: int = 10,
        glimpses: int = 6,
        size: int = 8,
        patches: int = 1,
        scale: int = 2,
        width: int = 256,
        sigma: float = 0.05,
    ) -> None:
        super().__init__()
        _check("RecurrentAttention", glimpses=glimpses)
        self.glimpses = glimpses
        self.glimpse = GlimpseNetwork(channels, size, patches, scale, width // 2, width - width // 2)
        self.core = GlimpseCore(width, width)
        self.action = ActionNetwork(width, classes)
        self.baseline = BaselineNetwork(width)
        self.policy = LocationPolicy(width, sigma)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Episode:
        """(N, C, H, W) -> an episode; draws come from `generator`."""
        location = 2 * torch.rand(len(x), 2, generator=generator, dtype=x.dtype, device=x.device) - 1
        memory = x.new_zeros(len(x), self.core.width)
        locations, log_density, baselines = [location], [x.new_zeros(len(x), 0)], [x.new_zeros(len(x), 0)]
        for _ in range(self.glimpses - 1):
            memory = self.core(self.glimpse(x, location), memory)
            location, density = self.policy.draw(memory, generator)
            locations.append(location)
            log_density.append(density.unsqueeze(1))  # (N, 1)
            baselines.append(self.baseline(memory).unsqueeze(1))  # (N, 1)
        memory = self.core(self.glimpse(x, location), memory)
        return Episode(
            self.action(memory),
            torch.stack(locations, dim=1),
            torch.cat(log_density, dim=1),
            torch.cat(baselines, dim=1),
        )


def reinforce_loss(episode: Episode, reward: Tensor) -> Tensor:
    """Loss whose gradient makes locations that were better than expected likelier, and the expectation better.

    Formula:
        mean_n sum_t -log_density * (reward - baseline) + mean (baseline - reward)^2, the bracket without gradient

    Args:
        episode: what the model returned, at least two glimpses long.
        reward: (N,), or one a drawn location (N, T - 1).
    """
    reward = reward.detach().view(len(episode.baselines), -1).expand_as(episode.baselines)  # (N, T - 1)
    better = reward - episode.baselines.detach()
    return -(episode.log_density * better).sum(dim=1).mean() + F.mse_loss(episode.baselines, reward)


def _check(owner: str, **numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise ConfigError(f"{owner} got {name}={value}. Choose 1 or more.")
