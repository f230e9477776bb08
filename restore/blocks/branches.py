"""What the residual branch of a block is made of: the forms that reviews of backbones compare.

Each is the form of its paper without normalisation, which restoration networks leave out (Lim et al., "Enhanced Deep
Residual Networks for Single Image Super-Resolution", CVPRW 2017, section 3.1, https://arxiv.org/abs/1707.02921).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from torch import nn

from restore.errors import ConfigError

Branch = Literal["plain", "pre_activation", "wide", "grouped", "depthwise", "dense"]
BRANCHES: tuple[Branch, ...] = get_args(Branch)
_WIDER = 4
_GROUPS = 4


def branch_convolutions(
    branch: Branch, channels: int, kernel_size: int, activation: Callable[[], nn.Module]
) -> tuple[nn.Module, nn.Module]:
    """The two convolutions of a residual branch, conv1 and conv2; the block's activation acts between them.

    Formula, of the branch, with k the kernel size:
        plain: conv2(act(conv1(x))), as in EDSR.
        pre_activation: conv2(act(conv1(act(x)))): He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016,
            section 4.1, https://arxiv.org/abs/1603.05027.
        wide: as plain, 4 C between: WDSR-A, Yu et al., "Wide Activation for Efficient and Accurate Image
            Super-Resolution", 2018, section 3.1, https://arxiv.org/abs/1808.08718.
        grouped: both in 4 groups, then act and a 1x1 convolution across: the efficient residual block of Ahn et al.,
            "Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network", ECCV 2018, section 3.3,
            https://arxiv.org/abs/1803.08664.
        depthwise: a filter a channel, then a 1x1 convolution, in place of each: Howard et al., "MobileNets", 2017,
            section 3.1, https://arxiv.org/abs/1704.04861.
        dense: conv2([x, act(conv1(x))]), [..] the concatenation: Huang et al., "Densely Connected Convolutional
            Networks", CVPR 2017, section 3, https://arxiv.org/abs/1608.06993, two layers with growth C.

    Args:
        branch: which form.
        channels: C of the feature map.
        kernel_size: k, odd.
        activation: builds the activation.

    Raises:
        ConfigError: "grouped" has channels that are no multiple of 4.
    """
    half = kernel_size // 2

    def conv(given: int, made: int, groups: int = 1) -> nn.Conv2d:
        return nn.Conv2d(given, made, kernel_size, padding=half, groups=groups)

    def across() -> nn.Conv2d:
        return nn.Conv2d(channels, channels, 1)

    if branch == "wide":
        return conv(channels, _WIDER * channels), conv(_WIDER * channels, channels)
    if branch == "grouped":
        if channels % _GROUPS:
            raise ConfigError(f"A grouped branch has {_GROUPS} groups, got channels={channels}. Give a multiple.")
        grouped = [conv(channels, channels, _GROUPS) for _ in range(2)]
        return grouped[0], nn.Sequential(grouped[1], activation(), across())
    if branch == "depthwise":
        separable = [nn.Sequential(conv(channels, channels, channels), across()) for _ in range(2)]
        return separable[0], separable[1]
    return conv(channels, channels), conv(2 * channels if branch == "dense" else channels, channels)
