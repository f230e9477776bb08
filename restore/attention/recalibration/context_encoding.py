"""Context encoding: channels are scaled by what the whole picture is like, in EncNet.

Paper: Zhang et al., "Context Encoding for Semantic Segmentation", CVPR 2018, section 2, https://arxiv.org/abs/1803.08904
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Recalibration
from restore.attention.recalibration.encoding_layer import EncodingLayer
from restore.errors import ConfigError


class ContextEncoding(Recalibration):
    """Scales each channel by a gate that is computed from an encoding of all places by learned codewords.

    The batch normalisations cannot train on one picture of 1x1 pixel.

    Formula:
        y = x * sigmoid(excite(mean over k of relu(norm(encoding(relu(norm(project(x))))))))

    Args:
        channels: C of the feature map.
        codewords: K, how many; the paper has 32.
        classes: how many classes `logits` tells present or absent (the paper's semantic encoding loss); None for no
            such layer. `forward` does not use it.
        join: the "product" of map and gate as in the paper, or "rectified_sum" as in the authors' code: the product is
            added to the map, and the sum rectified.

    Shape:
        input and output: (N, C, H, W); the gate is (N, C, 1, 1), between 0 and 1.

    Raises:
        ConfigError: `codewords` or `classes` is below 1, `join` is another word, or `logits` is asked of a module
            without classes.
        ShapeError: the input has another C (on forward).
    """

    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        codewords: int = 32,
        classes: int | None = None,
        join: Literal["product", "rectified_sum"] = "product",
    ) -> None:
        super().__init__(channels)
        for name, number in (("codewords", codewords), ("classes", classes)):
            if number is not None and number < 1:
                raise ConfigError(f"ContextEncoding({channels}) got {name}={number}. Choose 1 or more.")
        if join not in ("product", "rectified_sum"):
            raise ConfigError(
                f"ContextEncoding({channels}) got join={join!r}. "
                'Choose "product" as in the paper, or "rectified_sum" as in the authors\' code.'
            )
        self.join = join
        self.project = nn.Conv2d(channels, channels, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(channels)
        self.encoding = EncodingLayer(channels, codewords)
        self.encoding_norm = nn.BatchNorm1d(codewords)
        self.excite = nn.Linear(channels, channels)
        self.classify = None if classes is None else nn.Linear(channels, classes)

    def encode(self, x: Tensor) -> Tensor:
        """What the whole map is like: (N, C, H, W) -> (N, C)."""
        codes = self.encoding(F.relu(self.project_norm(self.project(x))))  # (N, K, C)
        return F.relu(self.encoding_norm(codes)).mean(dim=1)  # (N, C)

    def logits(self, x: Tensor) -> Tensor:
        """Which classes are in the picture, for a loss beside: (N, C, H, W) -> (N, classes)."""
        self.check(x)
        if self.classify is None:
            raise ConfigError(f"ContextEncoding({self.channels}) has no classes. Build it with classes=...")
        return self.classify(self.encode(x))  # (N, classes)

    def gate(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        return self.excite(self.encode(x)).sigmoid()[:, :, None, None]

    def combine(self, x: Tensor, gate: Tensor) -> Tensor:
        """The product, and what `join` makes of it."""
        return x * gate if self.join == "product" else F.relu(x + x * gate)
