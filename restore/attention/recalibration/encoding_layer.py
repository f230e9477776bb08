"""The encoding layer of Deep TEN: what a map's places are like, as residuals from learned codewords.

Papers: Zhang et al., "Deep TEN: Texture Encoding Network", CVPR 2017, section 3, https://arxiv.org/abs/1612.02844;
as it is used in Zhang et al., "Context Encoding for Semantic Segmentation", CVPR 2018,
https://arxiv.org/abs/1803.08904
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.errors import ConfigError, ShapeError


class EncodingLayer(nn.Module):
    """Assigns each place to codewords softly, by distance, and sums what is left of it beside each codeword.

    Residuals are never built: N x K x C numbers come of products, taken about the middle of the codewords, so that a
    large common offset loses no digits. `scale` is the negative of the paper's smoothing factor, as in the authors'
    code.

    Formula:
        e_k = sum_i a_ik (x_i - c_k), a_ik = softmax over k of scale_k |x_i - c_k|^2

    Args:
        channels: C of the places.
        codewords: K, how many; the papers have 32.

    Shape:
        input: (N, C, H, W) or (N, C, L); output: (N, K, C), computed in float32 at least and given in the input's
        dtype.

    Raises:
        ConfigError: `channels` or `codewords` is below 1.
        ShapeError: the input has another C or another number of axes (on forward).

    Example:
        >>> EncodingLayer(16, codewords=4)(torch.rand(2, 16, 6, 5)).shape
        torch.Size([2, 4, 16])
    """

    def __init__(self, channels: int, codewords: int = 32) -> None:
        super().__init__()
        for name, number in (("channels", channels), ("codewords", codewords)):
            if number < 1:
                raise ConfigError(f"EncodingLayer got {name}={number}. Choose 1 or more.")
        self.channels = channels
        bound = (codewords * channels) ** -0.5
        self.codewords = nn.Parameter(torch.empty(codewords, channels).uniform_(-bound, bound))
        self.scale = nn.Parameter(torch.empty(codewords).uniform_(-1, 0))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, C)."""
        if x.dim() not in (3, 4) or x.shape[1] != self.channels:
            raise ShapeError(
                f"EncodingLayer expects (N, {self.channels}, H, W) or (N, {self.channels}, L), got {tuple(x.shape)}. "
                "Set channels to the width of the layer before it."
            )
        with torch.autocast(x.device.type, enabled=False):
            precise = torch.promote_types(x.dtype, torch.float32)
            codewords, scale = self.codewords.to(precise), self.scale.to(precise)
            middle = codewords.mean(dim=0)  # (C,)
            codewords = codewords - middle  # (K, C)
            places = x.to(precise).flatten(2).transpose(1, 2) - middle  # (N, L, C)

            own, theirs = places.square().sum(2, keepdim=True), codewords.square().sum(1)  # (N, L, 1), (K,)
            distance = own - 2 * places @ codewords.t() + theirs  # (N, L, K), squared
            share = (scale * distance).softmax(dim=2)
            encoding = share.transpose(1, 2) @ places - share.sum(1).unsqueeze(2) * codewords  # (N, K, C)
        return encoding.to(x.dtype)
