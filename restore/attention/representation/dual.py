"""The two attentions of DANet: between places, and between channels. The first is also SAGAN's self-attention.

Papers: Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019, section 3,
https://arxiv.org/abs/1809.02983; Zhang et al., "Self-Attention Generative Adversarial Networks", ICML 2019, section 3,
https://arxiv.org/abs/1805.08318
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention.base import Representation
from restore.attention.representation.softmax import gather_by, softmax_affinity, softmax_gather
from restore.errors import ConfigError


class PositionAttention(Representation):
    """Adds to each place what it gathers from all places, the more the more alike they are.

    SAGAN's authors narrow the value as well and widen the result by one more 1x1 convolution, all of them under
    spectral normalization and, in their code, with keys and values pooled; DANet's form is the one here.

    Formula:
        y = x + gamma * sum over places of softmax(query . key) * value, gamma = 0 at the start

    Args:
        channels: C of the feature map.
        reduction: how many times narrower than C query and key are, from 1 to C.

    Shape:
        input and output: (N, C, H, W); the affinity is (N, 1, HW, HW).

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`.
        ShapeError: the input has another C (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"PositionAttention({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        self.query = nn.Conv2d(channels, channels // reduction, 1)
        self.key = nn.Conv2d(channels, channels // reduction, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W), without the HW x HW matrix."""
        self.check(x)
        return x + self.gamma * softmax_gather(self.query(x), self.key(x), self.value(x))

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, 1, HW, HW), rows that add up to one; with `at`, (N, 1, H, W)."""
        self.check(x)
        return softmax_affinity(self.query(x), self.key(x), at=at)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.gamma * gather_by(affinity[:, 0], self.value(x), x.shape[2:])


class ChannelSelfAttention(Representation):
    """Adds to each channel what it gathers from all channels, the more the more alike they are.

    The products are sums over all places, so that over a large map each channel sees little but itself, and in the
    negated form the channel that differs most.

    Formula:
        y = x + gamma * softmax(x x^T) x, gamma = 0 at the start

    Args:
        channels: C of the feature map.
        negated: soften the negated products, so that channels which differ count most. The paper's equation 3 does not;
            the authors' code does (each row's largest minus the row), and their weights need it.

    Shape:
        input and output: (N, C, H, W); the affinity is (N, 1, C, C).

    Raises:
        ConfigError: `channels` is below 1.
        ShapeError: the input has another C (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(self, channels: int, negated: bool = False) -> None:
        super().__init__(channels)
        self.negated = negated
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return self.gather(x, self.affinity(x))

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, 1, C, C), rows that add up to one; `at` changes nothing."""
        self.check(x)
        with torch.autocast(x.device.type, enabled=False):  # sums over all places, in an exponent: float32 at least
            rows = x.flatten(2).to(torch.promote_types(x.dtype, torch.float32))  # (N, C, HW)
            energy = rows @ rows.transpose(1, 2)  # (N, C, C)
            weights = (-energy if self.negated else energy).softmax(-1)
        return weights.to(x.dtype).unsqueeze(1)  # (N, 1, C, C)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        seen = affinity[:, 0] @ x.flatten(2)  # (N, C, HW)
        return x + self.gamma * seen.unflatten(2, x.shape[2:])  # (N, C, H, W)
