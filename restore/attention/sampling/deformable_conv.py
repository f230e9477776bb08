"""Deformable convolution, versions 1 and 2, in plain torch.

Papers: Dai et al., "Deformable Convolutional Networks", ICCV 2017, section 2.1, https://arxiv.org/abs/1703.06211;
Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019, section 3.2,
https://arxiv.org/abs/1811.11168
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from restore.errors import ConfigError, ShapeError


class DeformableConv(nn.Module):
    """A convolution each of whose taps looks where an offset says, and counts as much as a mask says.

    Numbers are those of torchvision's `deform_conv2d` and mmdet's kernels; no compiled operator is needed.

    Formula:
        y(p) = bias + sum_k weight_k * mask_k(p) * x(p + tap_k + offset_k(p)), bilinear, nought outside x

    Args:
        channels: C of the feature map.
        out_channels: C of the result; `channels` by default.
        kernel_size: side of the window.
        stride: step of the window.
        padding: pixels by which the window starts outside; `dilation * (kernel_size // 2)` by default.
        dilation: step between taps.
        groups: of the convolution; must divide both widths.
        offset_groups: how many groups of channels have offsets of their own; must divide `channels`.
        bias: whether there is one.

    Shape:
        input (N, C, H, W); offset (N, offset_groups * kernel_size^2 * 2, h, w), for each tap first down, then right;
        mask, where one is given (version 2), (N, offset_groups * kernel_size^2, h, w), used as it is.
        output (N, out_channels, h, w), h = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1.

    Raises:
        ConfigError: a number is below 1 (padding: 0), or a group count does not divide.
        ShapeError: a tensor has another shape (on forward).

    Example:
        >>> DeformableConv(8)(torch.rand(1, 8, 6, 6), offset=torch.zeros(1, 18, 6, 6)).shape
        torch.Size([1, 8, 6, 6])
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
        bias: bool = False,
    ) -> None:
        super().__init__()
        out_channels = channels if out_channels is None else out_channels
        numbers = {
            "channels": channels,
            "out_channels": out_channels,
            "kernel_size": kernel_size,
            "stride": stride,
            "dilation": dilation,
            "groups": groups,
            "offset_groups": offset_groups,
        }
        for name, value in numbers.items():
            if value < 1:
                raise ConfigError(f"{type(self).__name__} got {name}={value}. Choose 1 or more.")
        padding = dilation * (kernel_size // 2) if padding is None else padding
        if padding < 0:
            raise ConfigError(f"{type(self).__name__} got padding={padding}. Choose 0 or more.")
        if channels % groups or out_channels % groups or channels % offset_groups:
            raise ConfigError(
                f"{type(self).__name__}({channels}, {out_channels}) got groups={groups} and "
                f"offset_groups={offset_groups}. Choose groups that divide {channels} and {out_channels}, "
                f"and offset_groups that divides {channels}."
            )
        self.channels = channels
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        self.offset_groups = offset_groups
        like = nn.Conv2d(channels, out_channels, kernel_size, groups=groups, bias=bias)  # for its initialisation
        self.weight, self.bias = like.weight, like.bias

    def forward(self, x: Tensor, offset: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, C, H, W), offsets and mask -> (N, out_channels, h, w)."""
        self.check(x)
        return deformable_conv(
            x, offset, self.weight, self.bias, mask, self.stride, self.padding, self.dilation, self.offset_groups
        )

    def check(self, x: Tensor) -> None:
        """Raise ShapeError unless `x` is (N, channels, H, W)."""
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ShapeError(
                f"{type(self).__name__} expects (N, {self.channels}, H, W), got {tuple(x.shape)}. "
                "Set channels to the width of the layer before it."
            )


def deformable_conv(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    offset_groups: int = 1,
) -> Tensor:
    """Deformable convolution of `x`; shapes and order of the offsets as in `DeformableConv`.

    It goes tap by tap: one tap's samples (the size of `x`) are alive at a time, never the k * k of them that a column
    matrix holds, in training too, where the samples of a tap are taken again on the way back. Places are computed in
    float32 at least: bfloat16 knows whole pixels up to 256 only.

    Args:
        x: feature map (N, C, H, W).
        offset: (N, offset_groups * kh * kw * 2, h, w), in pixels.
        weight: (out, C / groups, kh, kw).
        bias: (out,).
        mask: (N, offset_groups * kh * kw, h, w), or None for version 1.
        stride: step of the window.
        padding: pixels by which the window starts outside.
        dilation: step between taps.
        offset_groups: how many groups of channels have offsets of their own.

    Raises:
        ShapeError: `offset` or `mask` do not fit.
    """
    n, channels, height, width = x.shape
    out, within, kh, kw = weight.shape
    groups, taps = channels // within, kh * kw
    h = (height + 2 * padding - dilation * (kh - 1) - 1) // stride + 1
    w = (width + 2 * padding - dilation * (kw - 1) - 1) // stride + 1
    _check("offset", offset, (n, 2 * offset_groups * taps, h, w))
    offset = offset.unflatten(1, (offset_groups, taps, 2))  # (N, G, taps, 2, h, w)
    if mask is not None:
        _check("mask", mask, (n, offset_groups * taps, h, w))
        mask = mask.unflatten(1, (offset_groups, taps))  # (N, G, taps, h, w)
    rows = F.pad(x, (1, 2, 1, 2)).unflatten(1, (offset_groups, -1))  # (N, G, C/G, H + 3, W + 3)
    rows = rows.permute(0, 1, 3, 4, 2).reshape(-1, channels // offset_groups)  # (N G (H + 3)(W + 3), C/G)
    exact = torch.promote_types(x.dtype, torch.float32)
    down = torch.arange(h, device=x.device, dtype=exact).unsqueeze(1) * stride - padding  # (h, 1)
    right = torch.arange(w, device=x.device, dtype=exact) * stride - padding  # (w,)

    def one_tap(rows: Tensor, offset: Tensor, weight: Tensor, mask: Tensor | None, i: int, j: int) -> Tensor:
        y = offset[:, :, 0] + (down + i * dilation)  # (N, G, h, w)
        x = offset[:, :, 1] + (right + j * dilation)
        seen = _bilinear(rows, y, x, mask, height, width)  # (N, G, hw, C/G)
        seen = seen.transpose(1, 2).reshape(n, -1, groups, within).transpose(1, 2)  # (N, groups, hw, C/groups)
        kernel = weight.unflatten(0, (groups, -1)).transpose(1, 2)  # (groups, C/groups, out/groups)
        return (seen @ kernel).to(exact)  # (N, groups, hw, out/groups)

    total = torch.zeros(n, groups, h * w, out // groups, dtype=exact, device=x.device)
    for tap in range(taps):
        i, j = divmod(tap, kw)
        inputs = rows, offset[:, :, tap], weight[:, :, i, j], None if mask is None else mask[:, :, tap], i, j
        if torch.is_grad_enabled():
            total = total + checkpoint(one_tap, *inputs, use_reentrant=False, preserve_rng_state=False)
        else:
            total = total + one_tap(*inputs)
    result = total.transpose(2, 3).reshape(n, out, h, w).to(x.dtype)  # (N, out, h, w)
    return result if bias is None else result + bias.view(1, -1, 1, 1)


def _bilinear(rows: Tensor, y: Tensor, x: Tensor, mask: Tensor | None, height: int, width: int) -> Tensor:
    """Samples of the padded map `rows` at (y, x), both (N, G, h, w) -> (N, G, hw, C/G).

    Beyond one pixel outside the value is nought, and so is the gradient of the place.
    """
    y0, below = _split(y, height)
    x0, beside = _split(x, width)
    maps = torch.arange(y.shape[0] * y.shape[1], device=y.device).view(*y.shape[:2], 1, 1)
    first = (maps * (height + 3) + y0) * (width + 3) + x0  # (N, G, h, w)
    across = width + 3
    corners = torch.stack([first, first + 1, first + across, first + across + 1], dim=-1)  # (N, G, h, w, 4)
    above, before = 1 - below, 1 - beside
    shares = torch.stack([above * before, above * beside, below * before, below * beside], dim=-1)  # (N, G, h, w, 4)
    if mask is not None:
        shares = shares * mask.unsqueeze(-1)
    corners, shares = corners.flatten(0, 3), shares.flatten(0, 3).to(rows.dtype)  # (N G hw, 4)
    if torch.compiler.is_exporting():  # ONNX has no such operator and would loop over places
        seen = (rows[corners] * shares.unsqueeze(2)).sum(dim=1)  # (N G hw, C/G)
    else:  # the same sum, without the four rows of every place
        seen = F.embedding_bag(corners, rows, mode="sum", per_sample_weights=shares)  # (N G hw, C/G)
    return seen.view(*y.shape[:2], -1, rows.shape[1])  # (N, G, hw, C/G)


def _split(place: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Index in the padded map of the pixel at or before `place`, and how far `place` lies beyond it."""
    place = place.clamp(-1, size)
    whole = place.floor()
    return whole.long().clamp(-1, size) + 1, place - whole  # the second clamp: a place that is not a number


def _check(name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        raise ShapeError(
            f"deformable_conv expects {name} {shape}, got {tuple(tensor.shape)}. "
            "Compute it with the kernel, stride and padding of the convolution itself."
        )
