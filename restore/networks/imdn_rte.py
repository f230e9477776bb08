"""IMDN_RTE, a form of IMDN for real time: half the size inside, six-step blocks, no biases, no attention.

Code: Zheng222/IMDN, model/architecture.py, IMDN_RTE, after Hui et al., "Lightweight Image Super-Resolution with
Information Multi-distillation Network", ACM MM 2019, https://arxiv.org/abs/1909.11856. As published it cannot be built
(its block is looked up in another module), so no result of the authors was there to compare with: the names, shapes
and count of the released weights are as here, what is computed is read from their code.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention import Attention, no_attention
from restore.blocks import SixStepDistillationBlock
from restore.errors import ConfigError
from restore.networks.base import RestorationNetwork


class IMDNRTE(RestorationNetwork):
    """A head that halves the picture, distillation blocks in a chain, and one pixel shuffle by twice the scale.

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
        if min(scale, image_channels, blocks) < 1 or width < 4 or width % 4:
            raise ConfigError(
                f"IMDNRTE got scale={scale}, image_channels={image_channels}, width={width}, blocks={blocks}. "
                "Give positive numbers, and a width that is a multiple of 4."
            )
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
