"""IMDN, the information multi-distillation network, and its three published relatives.

Paper: Hui et al., "Lightweight Image Super-Resolution with Information Multi-distillation Network", ACM MM 2019,
https://arxiv.org/abs/1909.11856
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, ContrastChannelAttention, no_attention
from restore.blocks import DistillationTrunk, InformationDistillationBlock, SixStepDistillationBlock
from restore.errors import ConfigError
from restore.networks.base import RestorationNetwork


def imdn_attention(channels: int) -> Attention:
    """Contrast-aware channel attention with a bottleneck of C/16, as in the paper."""
    return ContrastChannelAttention(channels, reduction=16)


class IMDN(RestorationNetwork):
    """A head, distillation blocks whose results are all fused, and one pixel shuffle at the end.

    Args:
        scale: how many times larger, from 1; 2, 3 and 4 are published.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels, a multiple of 4 (and 16 at least for the default attention).
        blocks: distillation blocks, from 1; the authors' code has 6 always.
        attention: builds each block's attention from `width`.

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
        width: int = 64,
        blocks: int = 6,
        attention: Callable[[int], Attention] = imdn_attention,
    ) -> None:
        stack = _blocks("IMDN", scale, image_channels, width, blocks, attention)
        trunk = DistillationTrunk(width, stack)
        super().__init__(scale=scale, image_channels=image_channels, multiple_of=1, context=2 + trunk.context)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.trunk = trunk
        self.tail = nn.Conv2d(width, scale**2 * image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        features = self.trunk(self.head(degraded))  # (N, width, h, w)
        return F.pixel_shuffle(self.tail(features), self.scale)  # (N, C, scale * h, scale * w)


class IMDNAnyScale(RestorationNetwork):
    """IMDN_AS: refines a picture that was enlarged by any factor beforehand, at a quarter of its size inside.

    Two strided convolutions make the picture 4 times smaller, IMDN's trunk and shuffle bring it back.

    Args:
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels, a multiple of 4 (and 16 at least for the default attention).
        blocks: distillation blocks, from 1; the authors' code has 6 always.
        attention: builds each block's attention from `width`.

    Shape:
        input and output: (N, image_channels, H, W), [0, 1], any H and W from 1; the output is unclipped.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        image_channels: int = 3,
        width: int = 64,
        blocks: int = 6,
        attention: Callable[[int], Attention] = imdn_attention,
    ) -> None:
        trunk = DistillationTrunk(width, _blocks("IMDNAnyScale", 1, image_channels, width, blocks, attention))
        context = 4 * (1 + trunk.context) + 6  # the head sees 3 pixels more, and a shuffled pixel is 3 off at most
        super().__init__(scale=1, image_channels=image_channels, multiple_of=4, context=context)
        self.head = nn.Sequential(
            nn.Conv2d(image_channels, width, 3, stride=2, padding=1),
            nn.LeakyReLU(0.05),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
        )
        self.trunk = trunk
        self.tail = nn.Conv2d(width, 4**2 * image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(degraded)
        height, width = degraded.shape[2:]
        return self.uncropped(degraded)[:, :, :height, :width]

    def uncropped(self, degraded: Tensor) -> Tensor:
        """What the authors' code returns: both sides go up to the next multiple of 4, by their zero padding inside."""
        features = self.trunk(self.head(degraded))  # (N, width, H/4, W/4), sides rounded up
        return F.pixel_shuffle(self.tail(features), 4)  # (N, C, H, W), sides rounded up to multiples of 4


class IMDNRTC(RestorationNetwork):
    """IMDN_RTC: the authors' smallest form, without attention and without fusing all blocks' results.

    Args:
        scale: how many times larger, from 1; 2 is published.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels, a multiple of 4.
        blocks: distillation blocks, from 1.
        attention: builds each block's attention from `width`.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 2,
        image_channels: int = 3,
        width: int = 12,
        blocks: int = 5,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        stack = _blocks("IMDNRTC", scale, image_channels, width, blocks, attention)
        context = 2 + sum(block.context for block in stack)
        super().__init__(scale=scale, image_channels=image_channels, multiple_of=1, context=context)
        self.head = nn.Conv2d(image_channels, width, 3, padding=1)
        self.blocks = nn.Sequential(*stack)
        self.conv = nn.Conv2d(width, width, 1)
        self.tail = nn.Conv2d(width, scale**2 * image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        shallow = self.head(degraded)  # (N, width, h, w)
        deep = shallow + self.conv(self.blocks(shallow))
        return F.pixel_shuffle(self.tail(deep), self.scale)  # (N, C, scale * h, scale * w)


class IMDNRTE(RestorationNetwork):
    """IMDN_RTE, for real time: a head that halves the picture, six-step blocks, a pixel shuffle by twice the scale.

    As published (Zheng222/IMDN, model/architecture.py) it cannot be built, as its block is looked up in another module:
    no result of the authors was there to compare with. Names, shapes and count of the released weights are as here,
    what is computed is read from their code.

    Args:
        scale: how many times larger, from 1; 2 is published.
        image_channels: 1 (gray) or 3 (RGB).
        width: hidden channels, a multiple of 4.
        blocks: distillation blocks, from 1; the authors' code has 6 always.
        attention: builds each block's attention from `width`; the authors have none.

    Shape:
        input (N, image_channels, h, w), [0, 1]; output (N, image_channels, scale * h, scale * w), unclipped.

    Raises:
        ConfigError: a size is out of range.
        ShapeError: the input has another number of channels (on forward).
    """

    def __init__(
        self,
        scale: int = 2,
        image_channels: int = 3,
        width: int = 20,
        blocks: int = 6,
        attention: Callable[[int], Attention] = no_attention,
    ) -> None:
        _check("IMDNRTE", scale, image_channels, width, blocks)
        stack = [SixStepDistillationBlock(width, attention) for _ in range(blocks)]
        inner = 1 + sum(block.context for block in stack)  # at half the size
        super().__init__(scale=scale, image_channels=image_channels, multiple_of=2, context=2 * inner + 3)
        self.head = nn.Sequential(
            nn.Conv2d(image_channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False),
        )
        self.blocks = nn.Sequential(*stack)
        self.conv = nn.Conv2d(width, width, 1, bias=False)
        self.tail = nn.Conv2d(width, (2 * scale) ** 2 * image_channels, 3, padding=1)

    def forward(self, degraded: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale * h, scale * w)."""
        self.check(degraded)
        height, width = degraded.shape[2:]
        return self.uncropped(degraded)[:, :, : self.scale * height, : self.scale * width]

    def uncropped(self, degraded: Tensor) -> Tensor:
        """What the authors' code describes: an odd side of the picture counts as the next even one."""
        shallow = self.head(degraded)  # (N, width, h/2, w/2), sides rounded up
        deep = shallow + self.conv(self.blocks(shallow))
        return F.pixel_shuffle(self.tail(deep), 2 * self.scale)  # (N, C, scale * h, scale * w), h and w rounded up


def _blocks(
    owner: str, scale: int, image_channels: int, width: int, blocks: int, attention: Callable[[int], Attention]
) -> list[InformationDistillationBlock]:
    _check(owner, scale, image_channels, width, blocks)
    return [InformationDistillationBlock(width, attention) for _ in range(blocks)]


def _check(owner: str, scale: int, image_channels: int, width: int, blocks: int) -> None:
    if min(scale, image_channels, blocks) < 1 or width < 4 or width % 4:
        raise ConfigError(
            f"{owner} got scale={scale}, image_channels={image_channels}, width={width}, blocks={blocks}. "
            "Give positive numbers, and a width that is a multiple of 4."
        )
