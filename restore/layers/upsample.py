"""The upsampler of EDSR and RCAN: convolutions and pixel shuffles, no activation; RDN's and CARN's by options.

Papers: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
Neural Network", CVPR 2016, https://arxiv.org/abs/1609.05158 (the shuffle); Lim et al., CVPRW 2017, figure 3,
https://arxiv.org/abs/1707.02921 (twice x2 for x4)
"""

from __future__ import annotations

from torch import nn

from restore.errors import ConfigError


class Upsample(nn.Sequential):
    """A 3x3 convolution and a pixel shuffle for x3, one pair for every doubling of x2, x4, x8; nothing for x1.

    Args:
        channels: C of the feature map.
        scale: how many times larger the result is: 1, 2, 3, 4 or 8.
        width: channels from the first shuffle on, as in RDN; None keeps C. Nothing happens to them at x1.
        groups: of the convolutions, as in CARN-M.
        activation: whether a ReLU stands between convolution and shuffle, as in CARN.

    Attributes:
        width: channels of the result.
        context: pixels of the small side around a place that its result depends on; the later ones are fractions.

    Shape:
        input (N, C, h, w); output (N, width, scale * h, scale * w).

    Raises:
        ConfigError: another scale, or channels that `groups` does not divide.
    """

    def __init__(
        self, channels: int, scale: int, width: int | None = None, groups: int = 1, activation: bool = False
    ) -> None:
        if scale not in _STEPS:
            raise ConfigError(f"Upsample got scale={scale}. Choose one of {', '.join(map(str, _STEPS))}.")
        wide = channels if width is None else width
        if groups < 1 or channels % groups or wide % groups:
            raise ConfigError(f"Upsample got groups={groups} for {channels} and {wide} channels. Choose a divisor.")
        layers: list[nn.Module] = []
        enlarged, context = 1, 0.0
        for step in _STEPS[scale]:
            layers.append(nn.Conv2d(channels, step**2 * wide, 3, padding=1, groups=groups))
            layers += [nn.ReLU(), nn.PixelShuffle(step)] if activation else [nn.PixelShuffle(step)]
            context += 1 / enlarged
            enlarged *= step
            channels = wide
        super().__init__(*layers)
        self.width = channels
        self.context = context


_STEPS: dict[int, tuple[int, ...]] = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
