"""The head of DANet: both of its attentions side by side.

Paper: Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019, section 3.4,
https://arxiv.org/abs/1809.02983
"""

from __future__ import annotations

from torch import Tensor, nn

from restore.attention.representation.dual import ChannelSelfAttention, PositionAttention
from restore.errors import ConfigError


class DualAttentionHead(nn.Module):
    """Three maps: from the sum of both attentions, from the one between places, from the one between channels.

    Query and key are eight times narrower than their branch, and one channel at least. The batch normalisations
    cannot train on one picture of 1x1 pixel.

    Formula:
        x -> conv -> PositionAttention    -> conv -> p
        x -> conv -> ChannelSelfAttention -> conv -> c
        y = (conv1(p + c), conv1(p), conv1(c)), each conv1 its own, behind a dropout

    Args:
        channels: C of the feature map.
        out_channels: channels of each result; the classes, in the paper.
        reduction: how many times narrower than C the branches are.
        dropout: share of channels that training drops before each result.
        negated: of ChannelSelfAttention; the authors' code and weights have it, the paper has not.

    Shape:
        input (N, C, H, W), output three times (N, out_channels, H, W).

    Raises:
        ConfigError: a number below 1, a `reduction` that leaves no channel, or `dropout` outside 0 to 1.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        reduction: int = 4,
        dropout: float = 0.1,
        negated: bool = False,
    ) -> None:
        super().__init__()
        if out_channels < 1 or not 1 <= reduction <= channels or not 0 <= dropout <= 1:
            raise ConfigError(
                f"DualAttentionHead got channels={channels}, out_channels={out_channels}, reduction={reduction}, "
                f"dropout={dropout}. Choose reduction from 1 to channels, and a share from 0 to 1."
            )
        width = channels // reduction
        self.position = nn.Sequential(
            _conv(channels, width), PositionAttention(width, min(8, width)), _conv(width, width)
        )
        self.channel = nn.Sequential(_conv(channels, width), ChannelSelfAttention(width, negated), _conv(width, width))
        self.outs = nn.ModuleList(
            nn.Sequential(nn.Dropout2d(dropout), nn.Conv2d(width, out_channels, 1)) for _ in range(3)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, C, H, W) -> three times (N, out_channels, H, W)."""
        position, channel = self.position(x), self.channel(x)  # (N, C/r, H, W)
        return self.outs[0](position + channel), self.outs[1](position), self.outs[2](channel)


def _conv(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
