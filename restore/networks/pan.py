"""PAN, the pixel attention network, for lightweight super-resolution.

Paper: Zhao et al., "Efficient Image Super-Resolution Using Pixel Attention", ECCV Workshops 2020, section 3,
https://arxiv.org/abs/2010.01073. Not the pyramid attention network of segmentation.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, PixelAttention
from restore.blocks import SelfCalibratedBlock, pixel_attention_conv
from restore.errors import ConfigError
from restore.networks.base import RestorationNetwork

_STEPS: dict[int, tuple[int, ...]] = {2: (2,), 3: (3,), 4: (2, 2)}


def pan_attention(channels: int) -> Attention:
    """Pixel attention: a gate for every value, as in the paper's upsampler."""
    return PixelAttention(channels)


class PAN(RestorationNetwork):
    """Self-calibrated blocks on the small picture, nearest-neighbour upsampling, and a bilinear skip.

    Formula:
        z = head(x);  z = z + conv(blocks(z))
        z = stage(z) for each enlarging by 2 or 3
        y = tail(z) + bilinear(x)

    Args:
        scale: 2, 3 or 4.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels of the blocks, from 2.
        up_width: hidden channels of the upsampler.
        blocks: self-calibrated blocks, from 1.
        attention: builds the attention of each upsampling stage from `up_width`.
        calibration: builds the upper branch of each block from `width // 2`.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 4,
        image_channels: int = 3,
        width: int = 40,
        up_width: int = 24,
        blocks: int = 16,
        attention: Callable[[int], Attention] = pan_attention,
        calibration: Callable[[int], Attention] = pixel_attention_conv,
    ) -> None:
        if scale not in _STEPS:
            raise ConfigError(f"PAN got scale={scale}. Choose one of {', '.join(map(str, _STEPS))}.")
        if min(image_channels, up_width, blocks) < 1 or width < 2:
            raise ConfigError(
                f"PAN got image_channels={image_channels}, width={width}, up_width={up_width}, blocks={blocks}. "
                "Give positive numbers, and a width of 2 at least."
            )
        stack = [SelfCalibratedBlock(width, calibration) for _ in range(blocks)]
        stages: list[_Stage] = []
        enlarged, fine = 1, 0.0
        for step in _STEPS[scale]:
            stages.append(_Stage(up_width if stages else width, up_width, step, attention))
            enlarged *= step
            fine += stages[-1].context / enlarged
        context = 2 + sum(block.context for block in stack) + ceil(fine + 1 / scale)
        super().__init__(scale=scale, image_channels=image_channels, multiple_of=1, context=context)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.blocks = nn.Sequential(*stack)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.stages = nn.Sequential(*stages)
        self.tail = nn.Conv2d(up_width, image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        shallow = self.head(degraded)  # (N, width, h, w)
        deep = shallow + self.conv(self.blocks(shallow))
        details = self.tail(self.stages(deep))  # (N, C, scale * h, scale * w)
        smooth = F.interpolate(degraded, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return details + smooth


class _Stage(nn.Module):
    """Nearest-neighbour enlarging, convolution, attention, activation, convolution, activation (the paper's U-PA)."""

    def __init__(self, channels: int, width: int, step: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        self.step = step
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1)
        self.attention = attention(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.context = 2 + self.attention.context  # in enlarged pixels

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, width, step * h, step * w)."""
        large = F.interpolate(x, scale_factor=self.step, mode="nearest")  # (N, C, step * h, step * w)
        large = F.leaky_relu(self.attention(self.conv1(large)), 0.2)  # (N, width, step * h, step * w)
        return F.leaky_relu(self.conv2(large), 0.2)
