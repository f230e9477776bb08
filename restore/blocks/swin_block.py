"""The Swin transformer block, which SwinIR is a stack of.

Papers: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows", ICCV 2021, section 3.2,
https://arxiv.org/abs/2103.14030; Liang et al., "SwinIR: Image Restoration Using Swin Transformer", ICCV Workshops 2021,
section 3.2, https://arxiv.org/abs/2108.10257
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import Attention
from restore.errors import ConfigError
from restore.layers import LayerNorm2d, StochasticDepth


class SwinBlock(nn.Module):
    """Attention and a perceptron for each place, both after a normalisation and with a skip around.

    Formula:
        z = x + attention(norm1(x))
        y = z + perceptron(norm2(z)), two linear layers with a GELU between

    Args:
        channels: C of the feature map.
        attention: builds the block's attention from C; the papers' is `WindowAttention`, shifted in every second block.
        expansion: how many times wider the perceptron's hidden layer is than C, rounded down.
        drop: how often each of the two branches is left out in training, see `StochasticDepth`.

    Attributes:
        context: pixels around a place that its result depends on.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self, channels: int, attention: Callable[[int], Attention], expansion: float = 2.0, drop: float = 0.0
    ) -> None:
        super().__init__()
        hidden = int(expansion * channels + 1e-6)  # a ratio read from a checkpoint may fall short by rounding
        if hidden < 1:
            raise ConfigError(f"SwinBlock got expansion={expansion} for {channels} channels. Nothing is left of them.")
        self.norm1 = LayerNorm2d(channels, eps=1e-5)
        self.attention = attention(channels)
        self.norm2 = LayerNorm2d(channels, eps=1e-5)
        layers = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        for layer in layers:  # as the authors begin
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
        self.perceptron = nn.Sequential(layers[0], nn.GELU(), layers[1])
        self.drop = StochasticDepth(drop)
        self.context = self.attention.context

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        x = x + self.drop(self.attention(self.norm1(x)))
        places = self.norm2(x).permute(0, 2, 3, 1)  # (N, H, W, C)
        return x + self.drop(self.perceptron(places).permute(0, 3, 1, 2))
