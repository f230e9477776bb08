"""The upsampler of EDSR and RCAN: convolutions and pixel shuffles, no activation.

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

    Attributes:
        context: pixels of the small side around a place that its result depends on; the later ones are fractions.

    Shape:
        input (N, C, h, w); output (N, C, scale * h, scale * w).

    Raises:
        ConfigError: another scale.
    """

    def __init__(self, channels: int, scale: int) -> None:
        if scale not in _STEPS:
            raise ConfigError(f"Upsample got scale={scale}. Choose one of {', '.join(map(str, _STEPS))}.")
        layers: list[nn.Module] = []
        enlarged, context = 1, 0.0
        for step in _STEPS[scale]:
            layers += [nn.Conv2d(channels, step**2 * channels, 3, padding=1), nn.PixelShuffle(step)]
            context += 1 / enlarged
            enlarged *= step
        super().__init__(*layers)
        self.context = context


_STEPS: dict[int, tuple[int, ...]] = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
