"""The transformer block of Restormer.

Paper: Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration", CVPR 2022, figure 2,
https://arxiv.org/abs/2111.09881
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from restore.attention import Attention
from restore.errors import ConfigError
from restore.layers import BiasFreeNorm2d, GatedFeedForward, LayerNorm2d

Normalization = Literal["with_bias", "bias_free"]


class RestormerBlock(nn.Module):
    """Attention and a gated feed-forward network, each after normalization and added to the map.

    Formula:
        z = x + attention(norm1(x))
        y = z + feed_forward(norm2(z))

    Args:
        channels: C of the feature map.
        attention: builds the block's attention from C.
        expand: how many times wider each half of the feed-forward network is than C.
        bias: whether the feed-forward network's convolutions have one.
        normalization: "with_bias" is layer normalization; "bias_free" neither takes the mean away nor adds a bias,
            as in the authors' weights for denoising.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: no channel is left inside, or the normalization is neither of its choices.
    """

    def __init__(
        self,
        channels: int,
        attention: Callable[[int], Attention],
        expand: float = 2.66,
        bias: bool = False,
        normalization: Normalization = "with_bias",
    ) -> None:
        super().__init__()
        if normalization not in ("with_bias", "bias_free"):
            raise ConfigError(
                f'RestormerBlock({channels}) got normalization={normalization!r}. Choose "with_bias" or "bias_free".'
            )
        self.norm1 = _norm(channels, normalization)
        self.attention = attention(channels)
        self.norm2 = _norm(channels, normalization)
        self.feed_forward = GatedFeedForward(channels, expand, bias)
        self.context = self.attention.context + self.feed_forward.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        z = x + self.attention(self.norm1(x))
        return z + self.feed_forward(self.norm2(z))


def _norm(channels: int, normalization: Normalization) -> nn.Module:
    return LayerNorm2d(channels, eps=1e-5) if normalization == "with_bias" else BiasFreeNorm2d(channels)
