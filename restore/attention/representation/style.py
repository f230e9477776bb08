"""Style attention of SANet: a content map gathers from a style map.

Paper: Park and Lee, "Arbitrary Style Transfer with Style-Attentional Networks", CVPR 2019, sections 3.1 and 3.3,
https://arxiv.org/abs/1812.02342
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.representation.fused import fused_attention
from restore.errors import ConfigError, ShapeError


class StyleAttention(nn.Module):
    """Style-attentional network (SANet): each place of the content gathers the style of the places that resemble it.

    Two inputs, so a part and no slot. Resemblance is between maps whose channels were normalized, each by its own mean
    and its unbiased variance (divided by HW - 1; a single pixel has variance 0, where the published code has NaN).

    Formula:
        y = content + project(softmax(query(norm(content))^T key(norm(style))) value(style))

    Args:
        channels: C of both maps.

    Shape:
        content: (N, C, H, W); style: (N, C, h, w), of any size; output: (N, C, H, W).

    Raises:
        ConfigError: `channels` is below 1.
        ShapeError: an input has another C or another number of axes (on forward).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels < 1:
            raise ConfigError(f"StyleAttention got channels={channels}. Give the C of both maps.")
        self.channels = channels
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)

    def affinity(self, content: Tensor, style: Tensor) -> Tensor:
        """(N, C, H, W) and (N, C, h, w) -> (N, 1, HW, hw)."""
        query, key, _ = self._split(content, style)
        return (query @ key.transpose(2, 3)).softmax(-1)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """(N, C, H, W) and (N, C, h, w) -> (N, C, H, W)."""
        for x in (content, style):
            if x.dim() != 4 or x.shape[1] != self.channels:
                raise ShapeError(
                    f"StyleAttention expects (N, {self.channels}, H, W) twice, "
                    f"got {tuple(content.shape)} and {tuple(style.shape)}. Set channels to their C."
                )
        query, key, value = self._split(content, style)
        seen = fused_attention(query, key, value)  # (N, 1, HW, C)
        return content + self.project(seen.squeeze(1).transpose(1, 2).reshape(content.shape))  # (N, C, H, W)

    def _split(self, content: Tensor, style: Tensor) -> tuple[Tensor, ...]:
        maps = self.query(_normalized(content)), self.key(_normalized(style)), self.value(style)
        return tuple(part.flatten(2).transpose(1, 2).unsqueeze(1).contiguous() for part in maps)  # (N, 1, pixels, C)


class StyleTransform(nn.Module):
    """Two style attentions at two depths of an encoder, merged: what SANet's decoder is fed with.

    Formula:
        y = conv3x3(fine(content, style) + upsampled(coarse(coarse_content, coarse_style)))

    Args:
        channels: C of all maps (512 for the paper's relu4_1 and relu5_1).

    Shape:
        content: (N, C, H, W); style: (N, C, h, w); the coarse two are half as large (any size is taken up to H x W by
        the nearest pixel); output: (N, C, H, W).

    Raises:
        ConfigError: `channels` is below 1.
        ShapeError: an input has another C or another number of axes (on forward).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fine = StyleAttention(channels)
        self.coarse = StyleAttention(channels)
        self.merge = nn.Conv2d(channels, channels, 3)

    def forward(self, content: Tensor, style: Tensor, coarse_content: Tensor, coarse_style: Tensor) -> Tensor:
        """(N, C, H, W), (N, C, h, w) and the coarse two -> (N, C, H, W)."""
        coarse = self.coarse(coarse_content, coarse_style)
        summed = self.fine(content, style) + F.interpolate(coarse, content.shape[2:], mode="nearest")  # (N, C, H, W)
        mode = "reflect" if min(summed.shape[2:]) > 1 else "replicate"
        return self.merge(F.pad(summed, (1, 1, 1, 1), mode=mode))


def _normalized(x: Tensor) -> Tensor:
    """Each channel with mean nought and unbiased variance 1, computed in float32 at least."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    centered = wide - wide.mean((2, 3), keepdim=True)
    freedom = max(x.shape[2] * x.shape[3] - 1, 1)
    variance = centered.square().sum((2, 3), keepdim=True) / freedom  # (N, C, 1, 1)
    return (centered * (variance + 1e-5).rsqrt()).to(x.dtype)
