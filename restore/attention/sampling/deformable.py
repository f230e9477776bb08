"""Deformable convolution that predicts its own offsets, and the attention made of it.

Papers: Dai et al., "Deformable Convolutional Networks", ICCV 2017, section 2.1, https://arxiv.org/abs/1703.06211;
Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019, section 3.2,
https://arxiv.org/abs/1811.11168; as attention: Zhu et al., "An Empirical Study of Spatial Attention Mechanisms in
Deep Networks", ICCV 2019, section 3.2, https://arxiv.org/abs/1904.05873
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention.base import Representation
from restore.attention.sampling.deformable_conv import DeformableConv
from restore.errors import ConfigError


class DeformableConvPack(nn.Module):
    """A deformable convolution whose offsets (and mask) an ordinary convolution of the same input predicts.

    The predicting convolution starts at nought, so the fresh module is an ordinary convolution (version 2: halved, as
    the mask starts at a half). The papers train it with a tenth of the learning rate.

    Formula:
        offset, mask = predict(x);  y = deform(x, offset, sigmoid(mask))

    Args:
        channels: C of the feature map.
        out_channels: C of the result; `channels` by default.
        kernel_size: side of the window, of both convolutions.
        stride: step of the window, of both.
        padding: pixels by which the window starts outside, of both; `kernel_size // 2` by default.
        dilation: step between the taps of the deformable one; the predicting one keeps 1, as in the published code.
        groups: of the deformable convolution.
        offset_groups: how many groups of channels have offsets of their own.
        modulated: version 2, with a mask and a bias; else version 1, with neither.
        bias: whether the deformable one has a bias, where that differs from `modulated`.

    Shape:
        input (N, C, H, W); output (N, out_channels, h, w) as in `DeformableConv`.

    Raises:
        ConfigError: as `DeformableConv`; or `padding` does not give both convolutions one size.
        ShapeError: the input has another C (on forward).
    """

    def __init__(
        self,
        channels: int,
        out_channels: int | None = None,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = None,
        dilation: int = 1,
        groups: int = 1,
        offset_groups: int = 1,
        modulated: bool = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__()
        bias = modulated if bias is None else bias
        padding = kernel_size // 2 if padding is None else padding
        self.deform = DeformableConv(
            channels, out_channels, kernel_size, stride, padding, dilation, groups, offset_groups, bias
        )
        if dilation > 1 and kernel_size > 1:
            raise ConfigError(
                f"DeformableConvPack got dilation={dilation}: its offsets come from a convolution of dilation 1, whose "
                "result has another size. Use DeformableConv with a convolution of your own."
            )
        self.modulated = modulated
        taps = offset_groups * kernel_size**2
        self.predict = nn.Conv2d(channels, (3 if modulated else 2) * taps, kernel_size, stride, padding)
        for parameter in self.predict.parameters():
            nn.init.zeros_(parameter)

    def places(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Offsets and mask that `x` asks for, in the order of `DeformableConv`."""
        predicted = self.predict(x)
        if not self.modulated:
            return predicted, None
        taps = predicted.shape[1] // 3
        return predicted[:, : 2 * taps], predicted[:, 2 * taps :].sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, h, w)."""
        self.deform.check(x)
        return self.deform(x, *self.places(x))


class DeformableAttention(Representation):
    """Adds to each place what a deformable convolution with offsets (and mask) of its own finds around it.

    A tap of an offset group is a head: it attends to one place between pixels, so its affinity is the four bilinear
    shares of that place, times the mask. The papers put the convolution in a residual block; this is that block's sum,
    as a slot.

    Formula:
        y = x + bias + sum_k weight_k * mask_k(p) * x(p + tap_k + offset_k(p))

    Args:
        channels: C of the feature map.
        kernel_size: side of the window, odd.
        offset_groups: how many groups of channels have offsets of their own; must divide `channels`.
        modulated: version 2, with a mask and a bias; else version 1, with neither.

    Attributes:
        context: the window's; learned offsets can reach further, which no number fixed beforehand can say.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `kernel_size` is even or below 1, or `offset_groups` does not divide `channels`.
        ShapeError: the input has another C (on forward).
    """

    def __init__(self, channels: int, kernel_size: int = 3, offset_groups: int = 1, modulated: bool = True) -> None:
        super().__init__(channels)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ConfigError(f"DeformableAttention got kernel_size={kernel_size}. Choose an odd number.")
        self.pack = DeformableConvPack(
            channels, kernel_size=kernel_size, offset_groups=offset_groups, modulated=modulated
        )
        self.context = kernel_size // 2

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, offset_groups * kernel_size^2, HW, HW), or with `at` (N, ..., H, W).

        A row sums to the mask (version 1: to 1), or to less where the place lies at the rim or outside.
        """
        self.check(x)
        height, width = x.shape[2:]
        offset, mask = self.pack.places(x)
        deform = self.pack.deform
        offset = offset.unflatten(1, (-1, 2)).flatten(3)  # (N, heads, 2, HW)
        tap = torch.arange(deform.kernel_size**2, device=x.device).repeat(deform.offset_groups).view(-1, 1)
        pixel = torch.arange(height * width, device=x.device)
        y = offset[:, :, 0] + pixel // width - deform.padding + tap // deform.kernel_size  # (N, heads, HW)
        x_ = offset[:, :, 1] + pixel % width - deform.padding + tap % deform.kernel_size  # (N, heads, HW)
        counts = torch.ones_like(y) if mask is None else mask.flatten(2)  # (N, heads, HW)
        if at is not None:
            query = at[0] * width + at[1]
            y, x_, counts = (part[:, :, query : query + 1] for part in (y, x_, counts))  # (N, heads, 1)
        down = _hat(y, height) * counts.unsqueeze(-1)  # (N, heads, HW, H)
        across = _hat(x_, width)  # (N, heads, HW, W)
        rows = (down.unsqueeze(-1) * across.unsqueeze(-2)).flatten(3)  # (N, heads, HW, HW)
        return rows if at is None else rows.unflatten(3, (height, width)).squeeze(2)  # (N, heads, H, W)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """By the matrices in full, a tap at a time."""
        deform = self.pack.deform
        taps = deform.kernel_size**2
        values = x.flatten(2).unflatten(1, (deform.offset_groups, -1)).transpose(2, 3)  # (N, groups, HW, C/groups)
        result = x.flatten(2)  # (N, C, HW)
        for tap in range(taps):
            seen = affinity[:, tap::taps] @ values  # (N, groups, HW, C/groups)
            weight = deform.weight[:, :, tap // deform.kernel_size, tap % deform.kernel_size]  # (C, C)
            result = result + weight @ seen.transpose(2, 3).flatten(1, 2)  # (N, C, HW)
        result = result if deform.bias is None else result + deform.bias.unsqueeze(1)
        return result.view_as(x)  # (N, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        return x + self.pack(x)


def _hat(place: Tensor, size: int) -> Tensor:
    """The linear share of each of `size` pixels in a sample at `place`: (...) -> (..., size)."""
    pixels = torch.arange(size, device=place.device)
    return (1 - (place.unsqueeze(-1) - pixels).abs()).clamp(min=0)
